"""A server under test: a process in a session of its own that accepts on a socket which is
listening before it starts, so that nobody has to wait until it is ready. Says which of its
processes hangs, and leaves none behind.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

BACKLOG = 128
STOP_S = 60


class Server:
    def __init__(self, command, environment, folder):
        """`command` makes the command line from the number of the listening socket."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self.address = self._listener.getsockname()
        fd = self._listener.fileno()
        self._output = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command(fd),
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            pass_fds=[fd],
            start_new_session=True,
        )
        # Were it still open here, a server that died would look like one that hangs.
        self._listener.close()

    def stop(self):
        """Asks it to end. What went wrong with that, as errors and hangs."""
        errors, hangs = [], []
        ended = self._process.poll()
        if ended is not None:
            errors.append(f"it ended by itself with status {ended}")
        self._process.terminate()
        try:
            status = self._process.wait(STOP_S)
            if status != 0 and ended is None:
                errors.append(f"it ended with status {status}")
        except subprocess.TimeoutExpired:
            hangs.append(f"it did not end within {STOP_S} s: {self.processes()}")
        deadline = time.monotonic() + STOP_S
        while not hangs and self._members():
            if time.monotonic() > deadline:
                hangs.append(f"it left processes behind: {self.processes()}")
            time.sleep(0.01)
        self.kill()
        return errors, hangs

    def kill(self):
        """Ends whatever is left of it."""
        for process in self._members():
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()

    def output(self):
        """The last lines that it printed."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace").splitlines()[-15:]

    def processes(self):
        """Its processes, each with its threads."""
        return "; ".join(_describe(process) for process in self._members()) or "no process"

    def holder(self, client_port):
        """The process that a connection from this port is with; its request gets no response."""
        inode = _inode(self.address[1], client_port)
        holders = [process for process in self._members() if _holds(process, inode)]
        with_whom = "; ".join(_describe(process) for process in holders) or "no process, unaccepted"
        return f"{with_whom} (all: {self.processes()})"

    def _members(self):
        """Its processes that live, by their session."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                # What follows the name, which may have anything in it, in parentheses.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            state, session = fields[0], int(fields[3])
            if session == self._process.pid and state != "Z":
                found.append(int(entry.name))
        return sorted(found)


def _describe(process):
    """A process and its threads: their names, states, and where in the kernel they wait."""
    threads = []
    for task in Path(f"/proc/{process}/task").glob("*"):
        try:
            name = (task / "comm").read_text().strip()
            state = (task / "stat").read_text().rpartition(")")[2].split()[0]
            place = (task / "wchan").read_text().strip("0") or "-"
        except OSError:
            continue
        threads.append(f"{name} {state} {place}")
    return f"{process} [{', '.join(threads)}]"


def _inode(server_port, client_port):
    """The inode of the server's end of a connection."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ports = [int(address.rpartition(":")[2], 16) for address in fields[1:3]]
        if ports == [server_port, client_port]:
            return fields[9]
    return None


def _holds(process, inode):
    for fd in Path(f"/proc/{process}/fd").glob("*"):
        try:
            if inode is not None and os.readlink(fd) == f"socket:[{inode}]":
                return True
        except OSError:
            continue
    return False
