//! Files with secrets that every user of the machine may read. That is no reason to refuse them, since it
//! is how container platforms mount secrets unless told otherwise, but one to say so.

use std::time::{Duration, Instant};

use crate::config::reader::SettingsReader;
use crate::config::setting;
use crate::error::Error;
use crate::sys::channel::channel;
use crate::sys::thread;

/// One line for each such file that is there when the client is made. Looking takes as long as
/// `allowed` at most: a mount whose server is gone never says, and reading the file will.
pub(crate) fn warnings(
    reader: &SettingsReader<'_>,
    allowed: Duration,
) -> Result<Vec<String>, Error> {
    // Without a key file the certificate's file holds the key.
    let key = if reader.has(&setting::CLIENT_KEY_FILE) {
        setting::CLIENT_KEY_FILE
    } else {
        setting::CLIENT_CERTIFICATE_FILE
    };
    let mut files = Vec::new();
    for setting in [
        setting::CREDENTIALS_FILE,
        setting::CLIENT_SECRET_FILE,
        setting::CLIENT_SECRET_NEXT_FILE,
        key,
        setting::STORE_KEY_FILE,
        setting::STORE_PASSWORD_FILE,
    ] {
        if let Some(path) = reader.text(&setting)? {
            files.push((setting.name(), path.to_owned()));
        }
    }
    Ok(readable(files, allowed).iter().map(|(name, path)| warning(name, path)).collect())
}

fn warning(name: &str, path: &str) -> String {
    format!(
        "`{name}`: every user of this machine may read {path}; give it mode 0440 or 0400 \
         (Kubernetes: defaultMode, Docker: the secret's mode)"
    )
}

type NamedFile = (&'static str, String);

/// Those that others may read, as far as that is known in time.
fn readable(files: Vec<NamedFile>, allowed: Duration) -> Vec<NamedFile> {
    if files.is_empty() {
        return Vec::new();
    }
    let (sender, found) = channel();
    let work = move || {
        for file in files.into_iter().filter(|(_, path)| others_may_read(path)) {
            sender.send(file);
        }
    };
    let began = Instant::now();
    // A system that refuses a thread refuses the worker too, and says so when a token is asked for.
    let _ = thread::spawn("seekauth-files", work);
    let next = || found.recv_timeout(allowed.saturating_sub(began.elapsed())).ok();
    std::iter::from_fn(next).collect()
}

#[cfg(unix)]
fn others_may_read(path: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o004 != 0)
}

/// Elsewhere rights are not a few bits.
#[cfg(not(unix))]
fn others_may_read(_path: &str) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::Config;

    #[test]
    fn what_everybody_may_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, mode: u32| {
            let path = folder.path().join(name);
            fs::write(&path, "s3cret").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let found =
            |config: Config| warnings(&SettingsReader(&config), Duration::from_secs(60)).unwrap();
        let secret = file("secret", 0o444);
        let both = Config::new()
            .client_secret_file(&secret)
            .client_secret_next_file(file("next", 0o440))
            .client_certificate_file(file("certificate", 0o644))
            .client_key_file(file("key", 0o604));
        let said = found(both);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("`client_secret_file`: ") && said[0].contains(&secret));
        assert!(said[1].starts_with("`client_key_file`: "));
        assert_eq!(found(Config::new().client_certificate_file(file("pair", 0o644))).len(), 1);
        assert_eq!(found(Config::new().credentials_file(file("json", 0o644))).len(), 1);
        assert_eq!(found(Config::new().credentials_file("/nowhere")), Vec::<String>::new());
    }
}
