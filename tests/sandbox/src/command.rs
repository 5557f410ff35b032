//! A command that is run while the sandbox is up, with the variables that lead its clients there.

use std::env::ArgsOs;
use std::ffi::OsStr;
use std::io;
use std::process::{Child, Command, ExitStatus};

use seekauth_sandbox::{Options, Sandbox};

/// Runs it, and gives the code it ended with.
pub(crate) async fn run(options: Options, program: &OsStr, arguments: ArgsOs) -> io::Result<i32> {
    let signalled = crate::signalled()?;
    crate::raise_open_files();
    let sandbox = Sandbox::start(options).await?;
    let urls = sandbox.urls();
    let addresses = [
        ("SANDBOX_ADMIN_URL", &urls.admin),
        ("SANDBOX_FOREIGN_URL", &urls.foreign),
        ("SANDBOX_GRAPHQL_URL", &urls.graphql_url),
        ("SANDBOX_PASS_URL", &urls.pass),
        ("SANDBOX_TOKEN_URL", &urls.token_url),
    ];
    let mut child = Command::new(program)
        .args(arguments)
        .envs(addresses)
        .envs(sandbox.env())
        .envs(sandbox.pass_env())
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", program.display())))?;
    let stop = stopper(&child);
    let mut waiting = tokio::task::spawn_blocking(move || child.wait());
    let ended = tokio::select! {
        ended = &mut waiting => ended,
        () = signalled => {
            stop();
            waiting.await
        }
    };
    sandbox.stop().await;
    Ok(code(ended.map_err(io::Error::other)??))
}

/// Asks a child for its end. Its number is its own until it has been waited for, which may have happened already: then
/// there is nobody, or nobody of ours, for it was told by a signal that the sandbox got too.
#[cfg(unix)]
fn stopper(child: &Child) -> impl FnOnce() + use<> {
    use rustix::process::{Pid, Signal, kill_process};
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    move || {
        // One that has ended needs no signal.
        let _ = id.map(|id| kill_process(id, Signal::TERM));
    }
}

/// On systems without signals the console tells the whole group.
#[cfg(not(unix))]
fn stopper(_: &Child) -> impl FnOnce() + use<> {
    || {}
}

#[cfg(unix)]
fn code(ended: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    // As shells say that a signal ended a program.
    ended.code().or_else(|| Some(128 + ended.signal()?)).unwrap_or(1)
}

#[cfg(not(unix))]
fn code(ended: ExitStatus) -> i32 {
    ended.code().unwrap_or(1)
}
