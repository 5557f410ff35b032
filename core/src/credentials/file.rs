//! Credentials in files, as Kubernetes and Docker mount them. They are small and read anew for each
//! token request, so that a rotated secret is used as soon as it is there.

use std::path::PathBuf;

use tokio::time::timeout;

use crate::credentials::one_at_a_time::OneAtATime;
use crate::credentials::{Credentials, malformed, parse_json, unavailable, without_mark};
use crate::error::Error;
use crate::sys::limit;
use crate::sys::regular_file::{self, Unread};
use crate::sys::secret::Secret;
use crate::sys::time_limit::TimeLimit;

/// No credentials are longer; whatever is, is another file.
const LIMIT: usize = 64 * 1024;

/// Files, with the queue for reading them.
#[derive(Clone)]
pub(crate) struct Files {
    named: Named,
    reads: OneAtATime,
    timeout: TimeLimit,
}

#[derive(Clone)]
pub(crate) enum Named {
    /// One file for each value; the id may be known.
    Each { client_id: ClientId, client_secret: SettingPath, next: Option<SettingPath> },
    /// One JSON file.
    Document(SettingPath),
}

#[derive(Clone)]
pub(crate) enum ClientId {
    Known(String),
    File(SettingPath),
}

/// A path and the name of its setting. Errors name the setting: somebody may have put the secret
/// itself where its path belongs.
#[derive(Clone)]
pub(crate) struct SettingPath {
    pub(crate) setting: &'static str,
    pub(crate) path: PathBuf,
}

impl Files {
    /// Files that are given up when reading them takes longer than `timeout`.
    pub(crate) fn new(named: Named, timeout: TimeLimit) -> Self {
        Self { named, reads: OneAtATime::new(), timeout }
    }

    /// What is in them now. A mount that hangs holds up one thread, and nobody longer than
    /// `timeout`.
    pub(crate) async fn read(&self) -> Result<Credentials, Error> {
        let named = self.named.clone();
        let read =
            async { self.reads.turn().await.run("seekauth-file", move || named.read()).await? };
        timeout(self.timeout.left, read).await.unwrap_or_else(|_| {
            let setting = self.named.setting();
            Err(unavailable(format!("reading `{setting}` took longer than {}", self.timeout)))
        })
    }

    pub(crate) fn known_client_id(&self) -> Option<&str> {
        match &self.named {
            Named::Each { client_id: ClientId::Known(id), .. } => Some(id),
            _ => None,
        }
    }
}

impl Named {
    fn setting(&self) -> &'static str {
        match self {
            Self::Document(file) | Self::Each { client_secret: file, .. } => file.setting,
        }
    }

    fn read(&self) -> Result<Credentials, Error> {
        match self {
            Self::Document(file) => parse_json(file.text()?.expose()),
            Self::Each { client_id, client_secret, next } => {
                let client_id = match client_id {
                    ClientId::Known(id) => id.clone(),
                    ClientId::File(file) => file.line()?.expose().to_owned(),
                };
                let credentials = Credentials::new(client_id, client_secret.line()?.expose());
                Ok(match next {
                    Some(file) => credentials.next_secret(file.line()?.expose()),
                    None => credentials,
                })
            }
        }
    }
}

impl SettingPath {
    /// The file's text without the line end that editors and `echo` add.
    fn line(&self) -> Result<Secret, Error> {
        Ok(Secret::new(self.text()?.expose().trim_end_matches(['\r', '\n'])))
    }

    fn text(&self) -> Result<Secret, Error> {
        let setting = self.setting;
        let bytes = regular_file::read(&self.path, LIMIT).map_err(|problem| match problem {
            Unread::System(problem) => {
                unavailable(format!("`{setting}` could not be read: {}", limit::words(&problem)))
            }
            Unread::NotRegular => malformed(&format!("`{setting}` is not a regular file")),
            Unread::TooLong => malformed(&format!("`{setting}` is longer than 64 KiB")),
        })?;
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(malformed(&format!("`{setting}` is UTF-16; write it as UTF-8")));
        }
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| malformed(&format!("`{setting}` is not UTF-8")))?;
        let text = without_mark(text);
        if text.trim_ascii().is_empty() {
            // As it is between being made and being written, and while a disk is full.
            return Err(unavailable(format!("`{setting}` is empty; perhaps it is being written")));
        }
        Ok(Secret::new(text))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::ErrorKind;

    fn secret_in(path: PathBuf) -> Files {
        let client_secret = SettingPath { setting: "client_secret_file", path };
        let client_id = ClientId::Known("client".to_owned());
        let timeout = TimeLimit::of_setting("request_timeout", Duration::from_secs(60));
        Files::new(Named::Each { client_id, client_secret, next: None }, timeout)
    }

    #[tokio::test]
    async fn files_are_read_anew_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s3cret");
        let files = secret_in(path.clone());
        for (written, read) in [("one\r\n", "one"), ("two", "two"), ("\u{feff}three\n", "three")] {
            fs::write(&path, written).unwrap();
            let credentials = files.read().await.unwrap();
            assert_eq!(credentials.secrets().next().unwrap().expose(), read);
        }
    }

    #[tokio::test]
    async fn failures_name_the_setting_and_not_what_it_is_set_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s3cret");
        let files = secret_in(path.clone());
        let missing = files.read().await.unwrap_err();
        fs::write(&path, vec![b'x'; LIMIT + 1]).unwrap();
        let long = files.read().await.unwrap_err();
        fs::write(&path, "\u{feff}\n").unwrap();
        let empty = files.read().await.unwrap_err();
        fs::write(&path, b"\xff\xfes\x003\0").unwrap();
        let wide = files.read().await.unwrap_err();
        fs::write(&path, b"\xffs3cret").unwrap();
        let no_text = files.read().await.unwrap_err();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let folder = files.read().await.unwrap_err();
        for (error, says) in [
            (&missing, "not found"),
            (&long, "64 KiB"),
            (&no_text, "UTF-8"),
            (&folder, "regular"),
            (&empty, "being written"),
            (&wide, "UTF-16"),
        ] {
            assert_eq!(error.kind(), ErrorKind::CredentialsUnavailable);
            assert!(error.message().contains("client_secret_file"), "{error}");
            assert!(error.message().contains(says), "{error}");
            assert!(!error.message().contains("s3cret"), "{error}");
        }
        assert!(
            missing.retryable() && empty.retryable() && !long.retryable() && !folder.retryable()
        );
    }
}
