//! What a failed exchange means: what the server did not process, what is final, and the words for
//! it.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError};

use crate::config::setting;
use crate::error::{Error, ErrorKind};
use crate::http::interim::Interim;

/// The response headers that are read: curl, httpx and undici take tens of kilobytes too.
pub(crate) const HEADER_LIMIT: u32 = 256 * 1024;

/// The request headers that every server takes.
const USUAL_HEADERS: usize = 8 * 1024;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// Whom a request goes to, in the words of an error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer<'a> {
    /// "the token endpoint" or "the API".
    pub(crate) what: &'static str,
    pub(crate) host: &'a str,
}

/// Whether the request may be sent again although it may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unprocessed {
    /// The server is closing the connection and says that it looked at no later request, or it was
    /// closed before the request was sent.
    Closing,
    /// The server has no room for another request on this connection.
    Refused,
    /// The server wants HTTP/1.1 for it.
    NeedsHttp1,
}

/// What the server said it did not process (RFC 9113, 6.8 and 8.7), or what was never sent.
pub(crate) fn unprocessed(problem: &(dyn StdError + 'static)) -> Option<Unprocessed> {
    if let Some(problem) = find::<h2::Error>(problem) {
        let is_reset = problem.is_remote() && problem.is_reset();
        // Only streams above the last one that was looked at end with the GOAWAY itself.
        let is_going = problem.is_remote() && problem.is_go_away();
        return match problem.reason() {
            Some(h2::Reason::HTTP_1_1_REQUIRED) if is_reset || is_going => {
                Some(Unprocessed::NeedsHttp1)
            }
            Some(h2::Reason::REFUSED_STREAM) if is_reset => Some(Unprocessed::Refused),
            _ if is_going => Some(Unprocessed::Closing),
            _ => None,
        };
    }
    let unsent = find::<hyper::Error>(problem).is_some_and(hyper::Error::is_canceled);
    unsent.then_some(Unprocessed::Closing)
}

/// Whether the connection ended with the request still in its own hands. In HTTP/2 that is a
/// request which waited for room on the connection, unless the task that served the connection was
/// lost.
pub(crate) fn was_dropped(problem: &(dyn StdError + 'static)) -> bool {
    // Of a user's mistake, which this is filed under, there are only others that are noticed
    // before.
    find::<hyper::Error>(problem).is_some_and(hyper::Error::is_user)
        && cause(problem) == "runtime dropped the dispatch task"
}

/// A failure to reach `peer` or to go on talking with it; `headers` is the size of the request's.
pub(crate) fn describe(
    problem: &(dyn StdError + 'static),
    peer: Peer<'_>,
    connected: bool,
    headers: usize,
) -> Error {
    if let Some(own) = find::<Error>(problem) {
        return own.clone();
    }
    if let Some(tls) = find::<rustls::Error>(problem) {
        return describe_tls(tls, peer);
    }
    // HTTP/2 keeps the text of an error that was met in reading, and not the error.
    if cause(problem) == Interim::error().message() {
        return Interim::error();
    }
    if has_too_long_a_head(problem) {
        return Error::new(
            ErrorKind::Protocol,
            format!(
                "the headers of a response of {} ({}) are longer than {} KB; check the address and what stands in between",
                peer.what,
                peer.host,
                HEADER_LIMIT / 1024
            ),
        );
    }
    let Peer { what, host } = peer;
    let timed_out =
        find::<io::Error>(problem).is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
    let message = if connected && headers > USUAL_HEADERS {
        // Some servers end an HTTP/2 connection where they would respond 400 in HTTP/1.1.
        format!(
            "the connection to {what} ({host}) broke: {}; the request's headers have {} KB, which may be more than it takes",
            cause(problem),
            headers / 1024
        )
    } else if connected {
        format!("the connection to {what} ({host}) broke: {}", cause(problem))
    } else if timed_out {
        format!("connecting to {what} ({host}) failed: {}", cause(problem))
    } else {
        format!("{what} ({host}) could not be reached: {}", cause(problem))
    };
    Error::new(ErrorKind::Network, message)
}

/// Whether a certificate was refused, by this side or by the other: the request did not get
/// through.
pub(crate) fn is_about_certificates(problem: &(dyn StdError + 'static)) -> bool {
    find::<rustls::Error>(problem).is_some_and(|problem| match problem {
        rustls::Error::InvalidCertificate(_) => true,
        rustls::Error::AlertReceived(alert) => wants_a_certificate(*alert),
        _ => false,
    })
}

fn wants_a_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
    )
}

/// A response's body that broke off.
pub(crate) fn broken_body(problem: &(dyn StdError + 'static), what: &str) -> Error {
    let message = format!("the connection to {what} broke: {}", cause(problem));
    Error::new(ErrorKind::Network, message)
}

/// Whether the connection ended where the message had no end of its own: a server that closes TLS
/// without saying so.
pub(crate) fn is_abrupt_end(problem: &(dyn StdError + 'static)) -> bool {
    let found = find::<io::Error>(problem);
    found.is_some_and(|problem| problem.kind() == io::ErrorKind::UnexpectedEof)
}

fn has_too_long_a_head(problem: &(dyn StdError + 'static)) -> bool {
    // It has a question for this only where the server's half is built in.
    let says_so = |problem: &hyper::Error| {
        problem.is_parse() && problem.to_string().contains("head is too large")
    };
    if find::<hyper::Error>(problem).is_some_and(says_so) {
        return true;
    }
    // HTTP/2 resets the stream of a head that is too long, and ends the connection over one that
    // goes on.
    find::<h2::Error>(problem).is_some_and(|problem| {
        problem.is_library()
            && match problem.reason() {
                Some(h2::Reason::PROTOCOL_ERROR) => problem.is_reset(),
                Some(h2::Reason::COMPRESSION_ERROR | h2::Reason::ENHANCE_YOUR_CALM) => true,
                _ => false,
            }
    })
}

fn describe_tls(problem: &rustls::Error, peer: Peer<'_>) -> Error {
    use AlertDescription as Alert;
    use rustls::Error as Tls;
    let advice = match problem {
        Tls::InvalidCertificate(CertificateError::UnknownIssuer) => Some(format!(
            "its certificate comes from an authority that is not trusted here; if that is right, set {} to the authority's certificate",
            setting::CA_FILE.mention()
        )),
        Tls::InvalidCertificate(_) | Tls::NoCertificatesPresented => {
            Some("its certificate is not valid; tell who runs it, or check the address".to_owned())
        }
        Tls::AlertReceived(alert) if wants_a_certificate(*alert) => Some(format!(
            "it wants a client certificate, or another one; see {}",
            setting::CLIENT_CERTIFICATE_FILE.mention()
        )),
        Tls::AlertReceived(Alert::ProtocolVersion | Alert::InsufficientSecurity)
        | Tls::PeerIncompatible(_) => {
            Some("it does not speak TLS 1.2 or newer with a cipher that is known here".to_owned())
        }
        Tls::AlertReceived(Alert::HandshakeFailure | Alert::UnrecognisedName)
        | Tls::PeerMisbehaved(_)
        | Tls::UnsupportedNameType => {
            Some("check the address and what stands in between".to_owned())
        }
        Tls::InvalidMessage(_) | Tls::InappropriateMessage { .. } => Some(
            "it does not speak TLS at this port; check the address and what stands in between"
                .to_owned(),
        ),
        _ => None,
    };
    let Peer { what, host } = peer;
    let message = format!("no TLS with {what} ({host}): {}", printable(&problem.to_string()));
    match advice {
        Some(advice) => {
            Error::new(ErrorKind::Network, format!("{message}: {advice}")).with_retryable(false)
        }
        None => Error::new(ErrorKind::Network, message),
    }
}

/// The first error of this type among the causes.
pub(crate) fn find<'a, T: StdError + 'static>(
    problem: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    let mut next = Some(problem);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        next = inner(current);
    }
    None
}

/// The innermost cause. The outer layers repeat the URL and each other.
pub(crate) fn cause(problem: &(dyn StdError + 'static)) -> String {
    let mut cause = problem;
    while let Some(next) = inner(cause) {
        cause = next;
    }
    printable(&cause.to_string())
}

/// The next cause. Errors of I/O and of HTTP/2 keep what is within them to themselves.
fn inner<'a>(problem: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    if let Some(io) = problem.downcast_ref::<io::Error>()
        && let Some(within) = io.get_ref()
    {
        return Some(within);
    }
    if let Some(http2) = problem.downcast_ref::<h2::Error>()
        && let Some(io) = http2.get_io()
    {
        return Some(io);
    }
    problem.source()
}

fn printable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}
