"""Processes that share a token through a store, while bad things happen to it and to them.

    run.py [--full] [NAME…]      all scenarios, or those whose name contains one of these words

Prints one table and exits with 1 if anything in it is wrong: a call that failed, a token request too many. What
took how long is shown and not judged, since a busy machine is slow. The sandbox and seekauth-member must be
built. `--full` takes as many processes and lifetimes as the figures in the papers.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from harness.fleet import Fleet, Outcome, meanwhile, print_table
from harness.kills import STEPS, killed_at, outlived_at
from harness.paths import SANDBOX
from harness.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIFETIME_S = 4
AT_ONCE = 3
"""Scenarios at the small size, whose processes sleep for the most of their time."""


class LeftOutError(Exception):
    """What a scenario needs is not to be had here."""


def folder(fleet: Fleet) -> Path:
    """Where its store is."""
    return Path(fleet.store.removeprefix("local:"))


def lifetimes(fleet: Fleet, count: int, generations: int) -> Callable[[int], bool]:
    """Tokens of a few seconds, for several of their lifetimes: the requests are those of one process."""
    fleet.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
    fleet.start(count, LIFETIME_S * generations)
    fleet.finish()
    published = fleet.total("published")
    return lambda requests: abs(requests - published) <= 1 and requests <= generations * 1.25 / 0.72 + 1


def cold_start(fleet: Fleet, count: int, _generations: int) -> Callable[[int], bool]:
    """All at once, and a server that takes its time."""
    fleet.sandbox.script(delay_ms=200)
    fleet.start(count, 1)
    fleet.finish()
    return lambda requests: requests == 1


def killed(fleet: Fleet, count: int, _generations: int) -> Callable[[int], bool]:
    """Whoever asks is killed while the server is about to respond; the next goes on at once."""
    fleet.sandbox.script(hold=True)
    fleet.start(1, 60)
    fleet.sandbox.wait_for_requests(1)
    fleet.start(count, 3)
    time.sleep(0.3)
    assert fleet.sandbox.requests() == 1, "nobody asks while somebody does"
    fleet.members[0].send_signal(signal.SIGKILL)
    fleet.finish()
    fleet.sandbox.release()
    return lambda requests: requests == 2


def stopped(fleet: Fleet, count: int, _generations: int) -> Callable[[int], bool]:
    """Whoever asks stands still with the lease; nobody waits for it longer than a part of its time."""
    fleet.sandbox.script(hold=True)
    fleet.start(1, 60)
    fleet.sandbox.wait_for_requests(1)
    fleet.members[0].send_signal(signal.SIGSTOP)
    fleet.start(count, 18)
    fleet.members, holder = fleet.members[1:], fleet.members[0]
    fleet.finish()
    holder.kill()
    holder.communicate()
    fleet.sandbox.release()
    return lambda requests: requests < count


def outlived(step: str) -> Callable[[Fleet, int, int], Callable[[int], bool]]:
    """A process forks in the middle of a step and is killed, and its child lives on: what the kernel had locked
    for the parent is free for others at once, and the child goes on by itself.
    """

    def scenario(fleet: Fleet, _count: int, _generations: int) -> Callable[[int], bool]:
        with tempfile.TemporaryDirectory() as checkpoints:
            parent = outlived_at(step, fleet, Path(checkpoints))
            # Without what the parent left there, the next one needs the lease.
            for record in folder(fleet).glob("*.*"):
                record.unlink()
            fleet.start(1, 0.5)
            fleet.finish()
            assert fleet.total("claimed") == 1, "the next one got the lease"
            assert fleet.total("waited") == fleet.total("alone") == 0, "at its first try"
            header = parent.communicate(timeout=60)[0].strip()
        assert fleet.sandbox.accepts(header), "the child has a token"
        expected = 1 if step in ("read", "claimed") else 2
        return lambda requests: requests == expected

    return scenario


def emptied(fleet: Fleet, count: int, _generations: int) -> Callable[[int], bool]:
    """The folder is removed again and again, as by a session's end."""
    fleet.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
    emptying = meanwhile(8, lambda: shutil.rmtree(folder(fleet), ignore_errors=True))
    fleet.start(count, 8)
    fleet.finish()
    emptying.join()
    return lambda requests: requests <= count * 4


def poisoned(fleet: Fleet, count: int, _generations: int) -> Callable[[int], bool]:
    """Every record is overwritten with garbage, again and again."""
    fleet.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)

    def poison() -> None:
        for file in folder(fleet).glob("*.token"):
            file.write_bytes(os.urandom(200))

    poisoning = meanwhile(8, poison)
    fleet.start(count, 8)
    fleet.finish()
    poisoning.join()
    return lambda requests: requests <= count * 4


def unusable(
    spoil: Callable[[Path, ExitStack], object], problem: str
) -> Callable[[Fleet, int, int], Callable[[int], bool]]:
    """The folder is such that it is not used, or not to be used: each process asks for itself, and says why."""

    def scenario(fleet: Fleet, count: int, _generations: int) -> Callable[[int], bool]:
        with ExitStack() as stack:
            spoil(folder(fleet), stack)
            fleet.sandbox.script(delay_ms=200, times=0)
            fleet.start(count, 2)
            fleet.finish()
        problems = {end["problem"] for end in fleet.ends}
        assert problems == {problem}, problems
        assert fleet.total("alone") == count, "nobody waits for what another one gets"
        return lambda requests: requests == count

    return scenario


def open_to_others(folder: Path, _stack: ExitStack) -> None:
    folder.chmod(0o755)


def give_away(folder: Path, _stack: ExitStack) -> None:
    if os.geteuid() != 0:
        raise LeftOutError("only root can give a folder to another user")
    os.chown(folder, 65534, -1)


def link(folder: Path, _stack: ExitStack) -> None:
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)


def fill(folder: Path, stack: ExitStack) -> None:
    mount(folder, "size=4k,mode=700", stack)
    (folder / "filler").write_bytes(bytes(4096))


def make_read_only(folder: Path, stack: ExitStack) -> None:
    mount(folder, "ro,mode=700", stack)


def mount(folder: Path, options: str, stack: ExitStack) -> None:
    """Mounts a file system in memory there, for as long as the stack lives."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode != 0:
        raise LeftOutError(f"nothing can be mounted here: {mounted.stderr.strip()}")
    stack.callback(subprocess.run, ["umount", str(folder)], check=True)


def without_umask(fleet: Fleet, count: int, _generations: int) -> Callable[[int], bool]:
    """As in containers whose programs make everything for everybody: not the folder and its files."""
    folder(fleet).rmdir()
    fleet.umask = 0
    fleet.start(count, 1)
    fleet.finish()
    modes = {path.stat().st_mode & 0o777 for path in folder(fleet).iterdir()}
    assert modes == {0o600}, modes
    assert folder(fleet).stat().st_mode & 0o777 == 0o700, "the folder is for its owner alone"
    return lambda requests: requests == 1


def revoking(fleet: Fleet, count: int, generations: int) -> Callable[[int], bool]:
    """A server that revokes the previous token with each new one, and workers that send requests."""
    fleet.sandbox.configure(seek_api_lifetime_s=LIFETIME_S, revoke_previous=True)
    fleet.start(count, LIFETIME_S * generations, graphql=True)
    fleet.finish()
    return lambda requests: requests <= generations * 3


def without(fleet: Fleet, count: int, generations: int) -> Callable[[int], bool]:
    """For comparison: each process by itself."""
    fleet.store = "none"
    fleet.sandbox.configure(seek_api_lifetime_s=LIFETIME_S)
    fleet.start(count, LIFETIME_S * generations)
    fleet.finish()
    return lambda requests: requests > count


CANNOT = "its folder cannot be"
READ_ONLY = "read-only filesystem or storage medium"
SCENARIOS = {
    # name: what happens, processes, lifetimes; and the same at full size
    "several lifetimes": (lifetimes, 16, 3, 64, 10),
    "several lifetimes, no store": (without, 16, 3, 64, 5),
    "cold start": (cold_start, 16, 1, 64, 1),
    "holder killed": (killed, 8, 1, 64, 1),
    **{f"killed at {step}": (killed_at(step, seconds=2), 8, 1, 64, 1) for step in STEPS},
    **{f"outlived by a child at {step}": (outlived(step), 3, 1, 3, 1) for step in STEPS},
    "holder stopped": (stopped, 8, 1, 64, 1),
    "folder removed": (emptied, 8, 1, 64, 1),
    "records poisoned": (poisoned, 8, 1, 64, 1),
    "folder open to others": (unusable(open_to_others, "others may enter its folder; give it mode 0700"), 4, 1, 16, 1),
    "folder of another user": (unusable(give_away, "its folder belongs to another user"), 4, 1, 16, 1),
    "folder is a link": (unusable(link, f"{CANNOT} opened: not a directory"), 4, 1, 16, 1),
    "folder full": (unusable(fill, f"{CANNOT} written to: no storage space"), 4, 1, 16, 1),
    "folder read-only": (unusable(make_read_only, f"{CANNOT} written to: {READ_ONLY}"), 4, 1, 16, 1),
    "umask 000": (without_umask, 8, 1, 64, 1),
    "previous token revoked": (revoking, 8, 3, 16, 10),
}


def run(name: str, full: bool) -> Outcome:
    scenario, processes, generations, many, long = SCENARIOS[name]
    count, generations = (many, long) if full else (processes, generations)
    began = time.monotonic()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with Sandbox(SANDBOX) as sandbox, tempfile.TemporaryDirectory(dir=memory) as place:
        store = Path(place) / "store"
        store.mkdir(mode=0o700)
        fleet = Fleet(sandbox, f"local:{store}")
        try:
            allowed = scenario(fleet, count, generations)
        except LeftOutError as reason:
            fleet.remark = f"left out: {reason}"
            return Outcome(name, 0, fleet, lambda _: True, 0, 0)
        return Outcome(name, count, fleet, allowed, sandbox.requests(), time.monotonic() - began)


def outcomes(words: list[str], full: bool) -> Iterator[Outcome]:
    names = [name for name in SCENARIOS if not words or any(word in name for word in words)]
    with ThreadPoolExecutor(1 if full else AT_ONCE) as pool:
        yield from pool.map(lambda name: run(name, full), names)


def main() -> int:
    words = [word for word in sys.argv[1:] if word != "--full"]
    return int(not print_table(outcomes(words, "--full" in sys.argv)))


if __name__ == "__main__":
    sys.exit(main())
