//! Files with certificates and keys: read with bounds, and told apart from their successors.

use std::fs::Metadata;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::sys::regular_file::{self, Unread};

/// No bundle of authorities is nearly as long.
const LONGEST: u64 = 16 << 20;

/// Which files there are, by identity, length and time of change; not what is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot(Vec<(PathBuf, Option<Stamp>)>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    identity: (u64, u64),
    length: u64,
    changed: Option<SystemTime>,
}

impl Snapshot {
    /// Blocks as the file system does. A file that is not there is part of the picture.
    pub(crate) fn take(paths: &[PathBuf]) -> Self {
        let stamp = |path: &PathBuf| {
            let facts = std::fs::metadata(path).ok()?;
            let identity = identity(&facts);
            Some(Stamp { identity, length: facts.len(), changed: facts.modified().ok() })
        };
        Self(paths.iter().map(|path| (path.clone(), stamp(path))).collect())
    }
}

#[cfg(unix)]
fn identity(facts: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (facts.dev(), facts.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// The bytes of a regular file. A pipe or a device is refused without waiting for it.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let unfit = |problem| io::Error::new(io::ErrorKind::InvalidInput, problem);
    let file = regular_file::open(path).map_err(|unread| match unread {
        Unread::System(problem) => problem,
        Unread::NotRegular | Unread::TooLong => unfit("not a regular file"),
    })?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(LONGEST)).unwrap_or(0));
    if file.take(LONGEST).read_to_end(&mut bytes)? as u64 == LONGEST {
        return Err(unfit("far too long"));
    }
    Ok(bytes)
}

/// Whether a file that could not be read stays so until somebody mends the configuration. Too few
/// descriptors, or a disk that fails, are not about the file.
pub(crate) fn is_about_the_file(problem: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        problem.kind(),
        Kind::NotFound
            | Kind::PermissionDenied
            | Kind::IsADirectory
            | Kind::NotADirectory
            | Kind::InvalidInput
            | Kind::InvalidFilename
    )
}
