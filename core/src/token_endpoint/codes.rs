//! The `error` codes that are shown: registered ones, and those of servers that SEEK's are, or are
//! like. A server may put anything there, a secret it was sent or a token it issued included, so
//! what is shown comes from this list and never from the response.

/// RFC 6749 (5.2, 4.1.2.1), 6750, 7009, 7591, 8628, 8707, 9126, 9396, 9449 and those of OIDC, as the
/// IANA has them; then Auth0's, Doorkeeper's and those of gateways.
const CODES: [&str; 47] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "unsupported_response_type",
    "server_error",
    "temporarily_unavailable",
    "invalid_token",
    "insufficient_scope",
    "unsupported_token_type",
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "invalid_software_statement",
    "unapproved_software_statement",
    "authorization_pending",
    "slow_down",
    "expired_token",
    "invalid_target",
    "invalid_authorization_details",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "insufficient_user_authentication",
    "interaction_required",
    "login_required",
    "account_selection_required",
    "consent_required",
    "invalid_request_uri",
    "invalid_request_object",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
    "unmet_authentication_requirements",
    "too_many_requests",
    "mfa_required",
    "unauthorized",
    "forbidden",
    "requires_validation",
    "invalid_signature",
    "unsupported_challenge_method",
    "invalid_token_reuse",
    "unsupported_response_mode",
    "unauthorized_access",
    "not_found",
    "internal_server_error",
];

/// The code as the list spells it, whatever case it comes in.
pub(crate) fn registered(code: &str) -> Option<&'static str> {
    let code = code.trim();
    CODES.into_iter().find(|known| known.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_there_once_and_found_in_any_case() {
        for (index, code) in CODES.iter().enumerate() {
            assert!(!CODES[..index].contains(code), "{code}");
            assert_eq!(registered(&code.to_ascii_uppercase()), Some(*code));
        }
        assert_eq!(registered("code_of_the_future"), None);
        assert_eq!(registered(""), None);
    }
}
