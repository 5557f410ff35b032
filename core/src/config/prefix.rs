//! The environment variables of the settings: `SEEKAUTH_` or a prefix of the program's own, and the
//! setting's name in capitals.

use std::sync::Arc;

use strsim::damerau_levenshtein;

use crate::config::setting::{DEFAULT_PREFIX, Setting, SettingKind};
use crate::error::Error;
use crate::sys::variables::Variables;

/// What the names of the variables begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefix(Arc<str>);

impl Prefix {
    /// A prefix of the program's own.
    pub(crate) fn new(text: &str) -> Result<Self, Error> {
        let mut letters = text.chars();
        let begins = letters.next().is_some_and(|first| first.is_ascii_alphabetic());
        let is_name = letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if begins && is_name && text.ends_with('_') {
            Ok(Self(text.into()))
        } else {
            Err(Error::invalid(
                "prefix must be ASCII letters, digits and underscores, with a letter first and an underscore \
                 last, such as SEEKAUTH_ or ACME_PASS_",
            ))
        }
    }

    /// The variable that sets `setting`.
    pub(crate) fn variable(&self, setting: &Setting) -> String {
        setting.variable(&self.0)
    }

    /// An error that says what is missing and how to give it.
    pub(crate) fn missing(&self, setting: &Setting, hint: &str) -> Error {
        let variable = self.variable(setting);
        setting.invalid(format!("is missing: {hint} (from the environment: {variable})"))
    }

    /// One line for each variable that is set, is none of a setting, and looks like a slip of the pen.
    pub(crate) fn misspelt(&self, variables: &Variables) -> Vec<String> {
        let names = variables.names();
        let rests = names.iter().filter_map(|name| Some((name, name.strip_prefix(&*self.0)?)));
        rests.filter_map(|(name, rest)| Some(self.warning(name, meant(rest)?))).collect()
    }

    fn warning(&self, name: &str, meant: &Setting) -> String {
        let unit = if meant.kind() == SettingKind::Duration { ", in seconds" } else { "" };
        let meant = self.variable(meant);
        format!("{name} is no setting and was ignored; did you mean {meant}{unit}?")
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self(DEFAULT_PREFIX.into())
    }
}

/// The setting that somebody meant who wrote `rest` behind the prefix, if it is none itself.
fn meant(rest: &str) -> Option<&'static Setting> {
    let rest = rest.to_ascii_lowercase();
    if rest.is_empty() || Setting::named(&rest).is_some() {
        return None;
    }
    let settings = || Setting::all().iter();
    let distance = |setting: &&Setting| damerau_levenshtein(&rest, setting.name());
    let nearest = settings().min_by_key(distance)?;
    // `PASS_CLIENT_ID` belongs to somebody who reads with the longer prefix.
    let is_longer = |setting: &Setting| {
        rest.strip_suffix(setting.name()).is_some_and(|before| before.ends_with('_'))
    };
    if settings().any(is_longer) {
        return (distance(&nearest) == 1).then_some(nearest);
    }
    let holds = |setting: &&Setting| setting.name().split('_').any(|word| word == rest);
    let abbreviates = |setting: &&Setting| rest.len() > 2 && setting.name().starts_with(&rest);
    let shorter = settings().filter(|setting| holds(setting) || abbreviates(setting));
    let shorter = shorter.min_by_key(|setting| setting.name().len());
    shorter.or((distance(&nearest) <= rest.len() / 3).then_some(nearest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ResolvedConfig, setting};

    #[test]
    fn a_prefix_ends_where_the_name_begins() {
        for good in ["SEEKAUTH_", "P_", "acme_2_"] {
            assert!(Prefix::new(good).is_ok(), "{good}");
        }
        for bad in ["", "_", "ACME", "2_", "AC ME_", "ACMÉ_", "A=_"] {
            assert!(Prefix::new(bad).is_err(), "{bad}");
        }
        let prefix = Prefix::new("PASS_").unwrap();
        assert_eq!(prefix.variable(&setting::CLIENT_ID), "PASS_CLIENT_ID");
    }

    fn given(pairs: &[(&str, &str)]) -> Variables {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Variables::given(pairs.iter().map(owned))
    }

    #[test]
    fn two_services_are_read_side_by_side() {
        let variables = given(&[
            ("SEEKAUTH_SERVICE", "seek_api"),
            ("SEEKAUTH_ENVIRONMENT", "live"),
            ("SEEKAUTH_CLIENT_ID", "api"),
            ("SEEKAUTH_CLIENT_SECRET", "s3cret-of-the-api"),
            ("SEEKAUTH_USER_AGENT", "Acme/1"),
            ("PASS_SERVICE", "seek_pass"),
            ("PASS_ENVIRONMENT", "staging"),
            ("PASS_CLIENT_ID", "pass"),
            ("PASS_CLIENT_SECRET", "s3cret-of-pass"),
            ("PASS_USER_AGENT", "Acme/1"),
        ]);
        let read = |prefix| Config::from_variables(prefix, variables.clone()).unwrap();
        let (api, _) = ResolvedConfig::new(&read(None)).unwrap();
        assert_eq!(api.credentials.known_client_id(), Some("api"));
        let error = ResolvedConfig::new(&read(Some("PASS_"))).unwrap_err();
        assert!(error.message().contains("PASS_SCOPES"), "{error}");
        let (pass, _) = ResolvedConfig::new(&read(Some("PASS_")).scopes(["a.b"])).unwrap();
        assert_eq!(pass.credentials.known_client_id(), Some("pass"));
        assert!(Config::from_variables(Some("PASS"), variables.clone()).is_err());
    }

    #[test]
    fn slips_of_the_pen_are_seen() {
        for (written, name) in [
            ("SCOPE", "scopes"),
            ("TIMEOUT_MS", "timeout"),
            ("CONECT_TIMEOUT", "connect_timeout"),
            ("CLIENTID", "client_id"),
            ("USERAGENT", "user_agent"),
            ("SECRET", "client_secret"),
            ("ENV", "environment"),
            ("CA_FILES", "ca_file"),
            ("cleint_id", "client_id"),
        ] {
            assert_eq!(meant(written).map(Setting::name), Some(name), "{written}");
        }
    }

    #[test]
    fn what_is_another_programs_is_left_alone() {
        for written in ["CLIENT_ID", "PASS_CLIENT_ID", "A_USER_AGENT", "SANDBOX", "LOG", "", "X"] {
            assert_eq!(meant(written), None, "{written}");
        }
    }

    #[test]
    fn a_warning_names_both_and_no_value() {
        let written = given(&[("SEEKAUTH_TIMEOUT_MS", "s3cret"), ("OTHER", "s3cret")]);
        let warnings = Prefix::default().misspelt(&written);
        let said = "SEEKAUTH_TIMEOUT_MS is no setting and was ignored; did you mean SEEKAUTH_TIMEOUT, in seconds?";
        assert_eq!(warnings, [said]);
    }
}
