//! The folder as others may leave it, and locks between processes. A test that needs another process runs
//! one that is ignored otherwise, in a process of its own.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::Local;
use super::folder::Folder;
use super::locks;
use crate::store::backend::Backend as _;
use crate::sys::clock::Clock;

const NAME: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";
const LONG: Duration = Duration::from_secs(60);

fn scratch() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    mode(place.path(), 0o700);
    place
}

fn open(path: &Path) -> Folder {
    Folder::open(Some(path.to_owned())).unwrap_or_else(|trouble| panic!("{trouble}"))
}

fn take(folder: &Folder, name: &str) -> bool {
    locks::take(folder, name).unwrap().map(locks::Taken::keep).is_some()
}

fn trouble(path: &Path) -> String {
    Folder::open(Some(path.to_owned())).map(|_| ()).unwrap_err().to_string()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_folder_is_made_for_its_owner_alone_whatever_the_umask() {
    let place = scratch();
    let path = place.path().join("store");
    let folder = open(&path);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    folder.write("a.token", b"sealed", LONG).unwrap();
    assert_eq!(fs::metadata(path.join("a.token")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(folder.read("a.token").unwrap().as_deref(), Some(b"sealed".as_slice()));
    assert_eq!(folder.read("b.token").unwrap(), None);
}

#[test]
fn a_folder_that_others_may_enter_is_not_used_and_not_repaired() {
    let place = scratch();
    for open_mode in [0o755, 0o770, 0o701, 0o777] {
        mode(place.path(), open_mode);
        assert!(trouble(place.path()).contains("mode 0700"));
        assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o777, open_mode);
    }
    mode(place.path(), 0o700);
    open(place.path());
}

#[test]
fn what_is_no_folder_of_ours_is_not_used() {
    let place = scratch();
    let (link, file) = (place.path().join("link"), place.path().join("file"));
    symlink(place.path(), &link).unwrap();
    fs::write(&file, "").unwrap();
    assert!(trouble(&link).contains("cannot be opened"));
    assert!(trouble(&file).contains("cannot be opened"));
    assert!(trouble(&place.path().join("missing/store")).contains("cannot be made"));
    if rustix::process::geteuid().is_root() {
        let foreign = place.path().join("foreign");
        fs::create_dir(&foreign).unwrap();
        mode(&foreign, 0o700);
        std::os::unix::fs::chown(&foreign, Some(65_534), None).unwrap();
        assert!(trouble(&foreign).contains("another user"));
    }
}

#[test]
fn a_planted_link_is_not_followed() {
    let place = scratch();
    let folder = open(place.path());
    let secret = place.path().join("elsewhere");
    fs::write(&secret, "s3cret").unwrap();
    symlink(&secret, place.path().join("a.token")).unwrap();
    symlink(&secret, place.path().join("lock")).unwrap();
    assert!(folder.read("a.token").is_err() && locks::take(&folder, NAME).is_err());
    folder.write("a.token", b"sealed", LONG).unwrap();
    assert_eq!(fs::read(&secret).unwrap(), b"s3cret");
    assert_eq!(folder.read("a.token").unwrap().as_deref(), Some(b"sealed".as_slice()));
}

#[test]
fn a_fifo_or_a_huge_file_in_its_place_holds_nobody_up() {
    let place = scratch();
    let folder = open(place.path());
    let fifo = place.path().join("a.token");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let began = Instant::now();
    assert_eq!(folder.read("a.token").unwrap().as_deref(), Some([].as_slice()));
    assert!(began.elapsed() < LONG / 2);
    fs::write(place.path().join("b.token"), vec![0; 1 << 20]).unwrap();
    assert!(folder.read("b.token").unwrap().unwrap().len() < 100_000);
}

#[test]
fn a_folder_that_is_removed_while_it_is_used_is_made_anew() {
    let place = scratch();
    let path = place.path().join("store");
    let folder = open(&path);
    assert!(take(&folder, NAME));
    fs::remove_dir_all(&path).unwrap();
    assert!(folder.write("a.token", b"sealed", LONG).is_err());
    let again = open(&path);
    again.write("a.token", b"sealed", LONG).unwrap();
    assert!(take(&again, OTHER));
    locks::give_back(&again.path, NAME);
    locks::give_back(&again.path, OTHER);
}

#[test]
fn what_nobody_needs_is_swept_and_the_rest_stays() {
    let place = scratch();
    let folder = open(place.path());
    for name in
        ["expired.token", "good.token", "expired.note", "dead.1.2.writing", "lock", "foreign"]
    {
        folder
            .write_new(name, b"", if name.contains("good") { LONG } else { Duration::ZERO })
            .unwrap();
    }
    for name in ["expired.token", "expired.note", "dead.1.2.writing", "lock", "foreign"] {
        let file = fs::File::options().write(true).open(place.path().join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(3_600)).unwrap();
    }
    folder.sweep();
    let mut left: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["foreign", "good.token", "lock", "swept"]);
    let expired = place.path().join("late.token");
    fs::write(&expired, "").unwrap();
    let file = fs::File::options().write(true).open(&expired).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(60)).unwrap();
    folder.sweep();
    assert!(expired.exists(), "once an hour is enough");
}

#[test]
fn two_clients_of_one_process_exclude_each_other_and_nobody_frees_the_others_lock() {
    let place = scratch();
    let (one, other) = (open(place.path()), open(place.path()));
    assert!(take(&one, NAME));
    assert!(!take(&other, NAME));
    assert!(take(&other, OTHER));
    locks::give_back(&other.path, OTHER);
    assert_eq!(Holder::try_to_take(place.path(), NAME), "taken", "it is still held");
    locks::give_back(&one.path, NAME);
    assert_eq!(Holder::try_to_take(place.path(), NAME), "free");
}

#[test]
fn a_lock_ends_with_its_process_however_that_ends() {
    let place = scratch();
    let folder = open(place.path());
    let mut holder = Holder::start(place.path(), NAME);
    assert_eq!(holder.said, "free");
    assert!(!take(&folder, NAME));
    holder.child.kill().unwrap();
    holder.child.wait().unwrap();
    assert!(take(&folder, NAME));
    locks::give_back(&folder.path, NAME);
}

#[test]
fn a_program_that_outlives_its_parent_holds_no_lock_of_it() {
    let place = scratch();
    let folder = open(place.path());
    let mut holder = Holder::start(place.path(), &format!("{NAME} forks"));
    assert_eq!(holder.said, "free");
    holder.child.kill().unwrap();
    holder.child.wait().unwrap();
    assert!(take(&folder, NAME));
    locks::give_back(&folder.path, NAME);
}

#[test]
fn a_lock_file_that_was_removed_locks_nobody_out() {
    let place = scratch();
    let folder = open(place.path());
    let holder = Holder::start(place.path(), NAME);
    assert_eq!(holder.said, "free");
    fs::remove_file(place.path().join("lock")).unwrap();
    assert!(take(&folder, NAME));
    assert_eq!(Holder::try_to_take(place.path(), NAME), "taken");
    locks::give_back(&folder.path, NAME);
    drop(holder);
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_given_up() {
    let place = scratch();
    let timeout = Duration::from_millis(20);
    let local = Local::new(Some(place.path().join("store")), timeout, Clock::System);
    let turns = std::sync::Arc::clone(
        &**local.0.turns.get(|| std::sync::Arc::new(tokio::sync::Semaphore::new(1))),
    );
    let _hangs = turns.acquire_owned().await;
    let trouble = local.session(Duration::ZERO).read(&[]).await.unwrap_err();
    assert!(trouble.to_string().contains("store_timeout"), "{trouble}");
}

/// Another process, with a lock or in want of one.
struct Holder {
    child: Child,
    /// It goes on for as long as this is open.
    _input: ChildStdin,
    said: String,
}

impl Holder {
    fn start(folder: &Path, what: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::local::tests::holder", "--ignored", "--nocapture"])
            .env("HOLDER_FOLDER", folder)
            .env("HOLDER_NAME", what)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.find_map(|line| Some(line.unwrap().strip_prefix("holder: ")?.to_owned()));
        let input = child.stdin.take().unwrap();
        Self { child, _input: input, said: said.unwrap() }
    }

    fn try_to_take(folder: &Path, name: &str) -> String {
        let mut holder = Self::start(folder, name);
        holder.child.kill().unwrap();
        holder.child.wait().unwrap();
        holder.said.clone()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "for a process of its own, which another test starts"]
fn holder() {
    let folder =
        Folder::open(Some(PathBuf::from(std::env::var_os("HOLDER_FOLDER").unwrap()))).unwrap();
    let what = std::env::var("HOLDER_NAME").unwrap();
    let (name, forks) = what.split_once(' ').map_or((&*what, false), |(name, _)| (name, true));
    let taken = take(&folder, name);
    if forks {
        // Gets all that is inherited, and goes on when this process is gone.
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 30 >/dev/null & exit 0"]).stdout(Stdio::null());
        assert!(shell.status().unwrap().success());
    }
    println!("\nholder: {}", if taken { "free" } else { "taken" });
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read_line(&mut String::new());
}
