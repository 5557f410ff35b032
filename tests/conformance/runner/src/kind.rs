//! The published table of failures, written down a second time on purpose: the cases hold every
//! language to these numbers, names and answers to "may I try again?", so a change of the library's
//! own table shows up here.

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The stable number.
    pub code: i32,
    /// The stable name.
    pub name: &'static str,
    /// Whether the same call may succeed later; `None` where it depends on the cause.
    pub retryable: Option<bool>,
}

/// Every kind of failure.
pub const KINDS: &[Kind] = &[
    kind(1, "invalid_argument", Some(false)),
    kind(2, "closed", Some(false)),
    kind(3, "cancelled", Some(false)),
    kind(4, "timeout", Some(true)),
    kind(5, "network", Some(true)),
    kind(6, "invalid_credentials", Some(false)),
    kind(7, "not_granted", Some(false)),
    kind(8, "throttled", Some(true)),
    kind(9, "unavailable", Some(true)),
    kind(10, "protocol", Some(false)),
    kind(11, "token_rejected", Some(false)),
    kind(12, "forbidden_origin", Some(false)),
    kind(13, "credentials_unavailable", None),
    kind(99, "internal", Some(false)),
];

const fn kind(code: i32, name: &'static str, retryable: Option<bool>) -> Kind {
    Kind { code, name, retryable }
}

/// What an agent reports when the failure is not the library's but that of the HTTP client that
/// carried the request.
pub const FOREIGN: &Kind = &kind(0, "foreign", None);

impl Kind {
    /// The kind with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<&'static Self, String> {
        KINDS
            .iter()
            .chain([FOREIGN])
            .find(|kind| kind.name == name)
            .ok_or_else(|| format!("unknown kind of error {name:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::KINDS;
    use seekauth::ErrorKind;

    #[test]
    fn the_core_has_the_same_table() {
        let found: Vec<(i32, &str)> =
            ErrorKind::ALL.iter().map(|kind| (kind.code(), kind.name())).collect();
        let published: Vec<(i32, &str)> = KINDS.iter().map(|kind| (kind.code, kind.name)).collect();
        assert_eq!(found, published);
        for (kind, row) in ErrorKind::ALL.iter().zip(KINDS) {
            assert_eq!(row.retryable.unwrap_or(kind.retryable()), kind.retryable(), "{}", row.name);
        }
    }
}
