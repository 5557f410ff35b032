//! Small files read whole, and regular ones alone: a FIFO waits for somebody to write, a device
//! may never end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    System(io::Error),
    NotRegular,
    TooLong,
}

/// Opens a regular file without waiting for anybody.
pub(crate) fn open(path: &Path) -> Result<File, Unread> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A FIFO without a writer, or a device, then opens at once.
        options.custom_flags((nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY).bits());
    }
    let file = options.open(path).map_err(Unread::System)?;
    if file.metadata().map_err(Unread::System)?.is_file() {
        Ok(file)
    } else {
        Err(Unread::NotRegular)
    }
}

/// The bytes of a file of at most `limit` of them. A hung network mount may still hold the calling
/// thread up, so it is not one that others wait for.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let file = open(path)?;
    // A buffer that grows leaves what it held behind, so it has room for all from the start.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 64));
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(Unread::System)?;
    if bytes.len() > limit { Err(Unread::TooLong) } else { Ok(bytes) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn regular_files_are_read_and_nothing_else_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "1234").unwrap();
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        assert_eq!(**read(&path("file"), 4).unwrap(), *b"1234");
        assert_eq!(**read(&path("link"), 4).unwrap(), *b"1234");
        assert!(matches!(read(&path("file"), 3), Err(Unread::TooLong)));
        assert!(matches!(read(&path("none"), 4), Err(Unread::System(_))));
        assert!(Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
        let socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        for other in [path("fifo"), folder.path().to_owned(), "/dev/zero".into()] {
            assert!(matches!(read(&other, 4), Err(Unread::NotRegular)), "{}", other.display());
        }
        assert!(matches!(read(&path("socket"), 4), Err(Unread::System(_))));
        drop(socket);
    }
}
