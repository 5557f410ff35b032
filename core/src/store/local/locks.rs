//! Leases: bytes of one file, locked by the kernel. Such a lock ends with its process, however that
//! ends, and no child inherits it. It has two weaknesses: it does not keep two threads of one process
//! apart, and it is lost when the process closes *any* descriptor of the file. So one table for the
//! process holds the only descriptor and says who has what.

use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{AtFlags, Mode, OFlags, fstat, openat, statat};

use crate::store::backend::Trouble;
use crate::store::local::folder::{Folder, trouble};
use crate::sys::per_process::{Owned, PerProcess};

const FILE: &str = "lock";

static TABLES: PerProcess<Mutex<HashMap<PathBuf, Table>>> = PerProcess::new();

/// The locks of one folder.
struct Table {
    file: OwnedFd,
    taken: HashSet<String>,
}

/// A lock that was taken. It is given back if nobody is there any more to keep it.
#[derive(Debug)]
pub(super) struct Taken {
    folder: PathBuf,
    name: Option<String>,
}

impl Taken {
    /// It is this process's until [`give_back`].
    pub(super) fn keep(mut self) {
        self.name = None;
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            give_back(&self.folder, &name);
        }
    }
}

/// Takes the lock of `name`, unless another process, or another client of this one, has it.
pub(super) fn take(folder: &Folder, name: &str) -> Result<Option<Taken>, Trouble> {
    let tables = tables();
    let mut tables = lock(&tables);
    // Again if the file was removed meanwhile: a lock on what nobody can find locks nobody out.
    for _ in 0..3 {
        let table = match tables.remove(&folder.path) {
            Some(table) if is_in_place(folder, &table.file) => table,
            _ => Table { file: open(folder)?, taken: HashSet::new() },
        };
        let table = tables.entry(folder.path.clone()).or_insert(table);
        if table.taken.contains(name) {
            return Ok(None);
        }
        let is_free = match set(&table.file, name, libc::F_WRLCK) {
            Ok(()) => true,
            Err(Errno::EAGAIN | Errno::EACCES) => false,
            Err(problem) => return Err(trouble("cannot be locked", problem)),
        };
        if is_free && is_in_place(folder, &table.file) {
            table.taken.insert(name.to_owned());
            return Ok(Some(Taken { folder: folder.path.clone(), name: Some(name.to_owned()) }));
        }
        if table.taken.is_empty() {
            tables.remove(&folder.path);
        }
        if !is_free {
            return Ok(None);
        }
    }
    Err(Trouble("its folder is being removed".to_owned()))
}

/// Gives the lock of `name` back, if this process has it. Where it is the last, the file is closed.
pub(super) fn give_back(folder: &Path, name: &str) {
    let tables = tables();
    let mut tables = lock(&tables);
    if let Some(table) = tables.get_mut(folder)
        && table.taken.remove(name)
    {
        // It ends with the process at the latest.
        let _ = set(&table.file, name, libc::F_UNLCK);
        if table.taken.is_empty() {
            tables.remove(folder);
        }
    }
}

/// Closes the files, and with them frees all locks of this process.
pub(super) fn forget() {
    TABLES.clear();
}

fn open(folder: &Folder) -> Result<OwnedFd, Trouble> {
    let flags =
        OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    openat(&folder.descriptor, FILE, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|problem| trouble("cannot be locked", problem))
}

/// Whether others who look for the file find this one.
fn is_in_place(folder: &Folder, file: &OwnedFd) -> bool {
    let ours = fstat(file);
    let there = statat(&folder.descriptor, FILE, AtFlags::SYMLINK_NOFOLLOW);
    matches!((ours, there), (Ok(ours), Ok(there)) if (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino))
}

fn set(file: &OwnedFd, name: &str, kind: libc::c_int) -> Result<(), Errno> {
    let narrow = |number: libc::c_int| libc::c_short::try_from(number).unwrap_or_default();
    let range = libc::flock {
        l_type: narrow(kind),
        l_whence: narrow(libc::SEEK_SET),
        l_start: place(name),
        l_len: 1,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_SETLK(&range)).map(drop)
}

/// The byte of a name: far apart for names that are, as theirs are made of a hash.
fn place(name: &str) -> libc::off_t {
    let digits = name.get(..12).unwrap_or_default();
    i64::from_str_radix(digits, 16).unwrap_or_default()
}

fn tables() -> Arc<Owned<Mutex<HashMap<PathBuf, Table>>>> {
    TABLES.get(Mutex::default)
}

/// Nothing under this lock panics halfway through a change.
fn lock(tables: &Mutex<HashMap<PathBuf, Table>>) -> MutexGuard<'_, HashMap<PathBuf, Table>> {
    tables.lock().unwrap_or_else(PoisonError::into_inner)
}
