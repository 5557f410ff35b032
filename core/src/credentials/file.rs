//! Credentials in files, as Kubernetes and Docker mount them. They are small and read anew for each
//! token request, so that a rotated secret is used as soon as it is there.

use std::fs::File;
use std::io::Read;

use crate::credentials::{Credentials, malformed, parse_json, unavailable};
use crate::error::Error;
use crate::sys::secret::Secret;

/// No credentials are longer; whatever is, is another file.
const LIMIT: u64 = 64 * 1024;

#[derive(Clone)]
pub(crate) enum Files {
    /// One file for each value; the id may be known.
    Each { client_id: ClientId, client_secret: String, next: Option<String> },
    /// One JSON file.
    Document(String),
}

#[derive(Clone)]
pub(crate) enum ClientId {
    Known(String),
    File(String),
}

impl Files {
    pub(crate) fn read(&self) -> Result<Credentials, Error> {
        match self {
            Self::Document(path) => parse_json(read(path)?.expose()),
            Self::Each { client_id, client_secret, next } => {
                let client_id = match client_id {
                    ClientId::Known(id) => id.clone(),
                    ClientId::File(path) => line(path)?.expose().to_owned(),
                };
                let credentials = Credentials::new(client_id, line(client_secret)?.expose());
                Ok(match next {
                    Some(path) => credentials.next_secret(line(path)?.expose()),
                    None => credentials,
                })
            }
        }
    }

    pub(crate) fn known_client_id(&self) -> Option<&str> {
        match self {
            Self::Each { client_id: ClientId::Known(id), .. } => Some(id),
            _ => None,
        }
    }
}

/// A file's text without the line end that editors and `echo` add.
fn line(path: &str) -> Result<Secret, Error> {
    Ok(Secret::new(read(path)?.expose().trim_end_matches(['\r', '\n'])))
}

fn read(path: &str) -> Result<Secret, Error> {
    let failed = |problem: std::io::Error| {
        unavailable(format!("the credentials file {path} could not be read: {}", problem.kind()))
    };
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(4096));
    let file = File::open(path).map_err(failed)?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(malformed("the file is longer than 64 KiB"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed("the file is not UTF-8"))?;
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn files_are_read_anew_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs::write(path("id"), "client\n").unwrap();
        fs::write(path("secret"), "one\r\n").unwrap();
        let files = Files::Each {
            client_id: ClientId::File(path("id")),
            client_secret: path("secret"),
            next: None,
        };
        let secret = || files.read().unwrap().secrets().next().unwrap().expose().to_owned();
        assert_eq!(secret(), "one");
        fs::write(path("secret"), "two").unwrap();
        assert_eq!(secret(), "two");
        fs::remove_file(path("secret")).unwrap();
        let error = files.read().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
        assert!(error.retryable() && error.message().contains("secret"));
        fs::write(path("secret"), vec![b'x'; 100_000]).unwrap();
        assert!(files.read().unwrap_err().message().contains("64 KiB"));
    }
}
