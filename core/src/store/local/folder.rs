//! The folder: made and judged anew each time, since it may go away at any moment, and used through its
//! descriptor alone. One that others own or may enter is not used, and not repaired either.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Timespec, Timestamps, fstat, futimens, mkdirat,
    openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::store::backend::Trouble;
use crate::store::record::{LIMIT, LONGEST_LIFE};

/// How often somebody looks for files that nobody needs any more.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3_600);
/// A file that its writer has not put into place by now never will be.
const ABANDONED_AFTER: Duration = Duration::from_secs(60);
/// What a record takes of a disk, mostly: one block.
const ROOM: [u8; 4096] = [0; 4096];
const SWEPT: &str = "swept";
const TEMPORARY: &str = ".writing";

/// The user namespace of a machine's own users.
#[cfg(target_os = "linux")]
const FIRST_NAMESPACE: &str = "user:[4026531837]";

pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) descriptor: OwnedFd,
}

impl Folder {
    /// Opens the folder, made if it is not there. Without a path it is the usual one.
    pub(super) fn open(path: Option<PathBuf>) -> Result<Self, Trouble> {
        let path = path.unwrap_or_else(usual);
        match mkdirat(CWD, &path, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(problem) => return Err(trouble("cannot be made", problem)),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let descriptor = openat(CWD, &path, flags, Mode::empty())
            .map_err(|problem| trouble("cannot be opened", problem))?;
        let status =
            fstat(&descriptor).map_err(|problem| trouble("cannot be looked at", problem))?;
        if status.st_uid != geteuid().as_raw() {
            return Err(Trouble("its folder belongs to another user".to_owned()));
        }
        if status.st_mode & 0o077 != 0 {
            return Err(Trouble("others may enter its folder; give it mode 0700".to_owned()));
        }
        if is_on_a_network(&descriptor) {
            return Err(Trouble(
                "its folder is on a network file system; name one of this machine, as local:/folder"
                    .to_owned(),
            ));
        }
        // One place has one table of locks, by whatever way it was found.
        let path = std::fs::canonicalize(&path).unwrap_or(path);
        Ok(Self { path, descriptor })
    }

    /// The bytes of a file, if it is there.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match openat(&self.descriptor, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(problem) => return Err(trouble("cannot be read", problem)),
        };
        let mut bytes = Vec::new();
        file.take(LIMIT as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(Some(bytes))
    }

    /// Puts a file into place in one step, so that nobody sees half of it. It is swept after `life`.
    pub(super) fn write(&self, name: &str, bytes: &[u8], life: Duration) -> Result<(), Trouble> {
        let temporary = temporary(name);
        let written = self.write_new(&temporary, bytes, life);
        let placed = written.and_then(|()| {
            renameat(&self.descriptor, &temporary, &self.descriptor, name).map_err(io::Error::from)
        });
        placed.map_err(|problem| {
            // Nothing stays behind of what could not be put into place, if that can be helped.
            let _ = unlinkat(&self.descriptor, &temporary, AtFlags::empty());
            trouble("cannot be written to", problem)
        })
    }

    /// Whether a record could be written now.
    pub(super) fn check_room(&self) -> Result<(), Trouble> {
        let temporary = temporary("room");
        let written = self.write_new(&temporary, &ROOM, Duration::ZERO);
        let _ = unlinkat(&self.descriptor, &temporary, AtFlags::empty());
        written.map_err(|problem| trouble("cannot be written to", problem))
    }

    pub(super) fn write_new(&self, name: &str, bytes: &[u8], life: Duration) -> io::Result<()> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.descriptor, name, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(bytes)?;
        let ends = now() + life.min(LONGEST_LIFE);
        let ends =
            Timespec { tv_sec: i64::try_from(ends.as_secs()).unwrap_or(i64::MAX), tv_nsec: 0 };
        Ok(futimens(&file, &Timestamps { last_access: ends, last_modification: ends })?)
    }

    /// Once an hour, removes what nobody needs: records that have expired, files of writers that died.
    pub(super) fn sweep(&self) {
        let age = |name: &OsStr| {
            let status = statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
            let written = Duration::from_secs(u64::try_from(status.st_mtime).ok()?);
            now().checked_sub(written)
        };
        let swept = statat(&self.descriptor, SWEPT, AtFlags::SYMLINK_NOFOLLOW);
        if swept.is_ok() && age(OsStr::new(SWEPT)).is_none_or(|age| age < SWEEP_INTERVAL) {
            return;
        }
        // Sweeping is a courtesy: what fails is left for the next.
        let _ = unlinkat(&self.descriptor, SWEPT, AtFlags::empty());
        let _ = self.write_new(SWEPT, b"", Duration::ZERO);
        let Ok(entries) = Dir::read_from(&self.descriptor) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let text = name.to_string_lossy();
            let kept_for = match entry.file_type() {
                FileType::RegularFile | FileType::Unknown if text.ends_with(TEMPORARY) => {
                    // Its time is that of its end only once it is written.
                    ABANDONED_AFTER
                }
                FileType::RegularFile | FileType::Unknown
                    if text.ends_with(".token") || text.ends_with(".note") =>
                {
                    Duration::ZERO
                }
                _ => continue,
            };
            let name: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(name.to_bytes());
            if age(name).is_some_and(|age| age > kept_for) {
                let _ = unlinkat(&self.descriptor, name, AtFlags::empty());
            }
        }
    }
}

fn temporary(name: &str) -> String {
    format!("{name}.{}.{}{TEMPORARY}", std::process::id(), fastrand::u64(..))
}

/// Which start of the machine this is: its monotonic clock begins anew with each.
pub(super) fn boot() -> String {
    let mut id = String::new();
    let read = File::open("/proc/sys/kernel/random/boot_id")
        .and_then(|file| file.take(64).read_to_string(&mut id));
    if read.is_ok() { id.trim().to_owned() } else { String::new() }
}

/// In memory where that is usual, with a name for each user; never in a place that a session's end, or a
/// shell's idea of a home, would change.
fn usual() -> PathBuf {
    let shared_memory = Path::new("/dev/shm");
    let place = if cfg!(target_os = "linux") && shared_memory.is_dir() {
        shared_memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    place.join(format!("seekauth-{}{}", geteuid().as_raw(), namespace()))
}

/// Users with the same number in other namespaces are other users.
#[cfg(target_os = "linux")]
fn namespace() -> String {
    let namespace = std::fs::read_link("/proc/self/ns/user").unwrap_or_default();
    let namespace = namespace.to_string_lossy();
    if namespace == FIRST_NAMESPACE || namespace.is_empty() {
        return String::new();
    }
    let number: String = namespace.chars().filter(char::is_ascii_digit).collect();
    format!("-{number}")
}

#[cfg(not(target_os = "linux"))]
fn namespace() -> String {
    String::new()
}

/// Locks and renames do not mean there what they mean here.
#[cfg(target_os = "linux")]
fn is_on_a_network(descriptor: &OwnedFd) -> bool {
    /// NFS, SMB, CIFS, SMB2, FUSE, 9P, Ceph, AFS, Coda.
    const NETWORKS: [u32; 9] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x6573_5546,
        0x0102_1997,
        0x00c3_6400,
        0x5346_414f,
        0x7375_7245,
    ];
    let Ok(status) = rustix::fs::fstatfs(descriptor) else { return true };
    // Of its width, which differs between machines, the low half says it all.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the low half is compared"
    )]
    let kind = status.f_type as u32;
    NETWORKS.contains(&kind)
}

#[cfg(not(target_os = "linux"))]
fn is_on_a_network(_descriptor: &OwnedFd) -> bool {
    false
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn unreadable(problem: io::Error) -> Trouble {
    trouble("cannot be read", problem)
}

/// What is wrong, without the folder's name: somebody may have put a secret where it belongs.
pub(super) fn trouble(what: &str, problem: impl Into<io::Error>) -> Trouble {
    Trouble(format!("its folder {what}: {}", crate::sys::limit::words(&problem.into())))
}
