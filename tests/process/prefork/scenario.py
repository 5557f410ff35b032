"""Which servers run, with the token in which state when they fork, and how many token requests that
is worth: a worker that inherits a valid token makes none, one that does not makes one.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from server import Server

from harness.paths import PACKAGE, ROOT

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
EVENTLET = ROOT / "target/prefork/eventlet/bin/python"
"""For the last gunicorn that has workers for eventlet."""

REQUESTS = 200
AGEING = ("ageing", "rejected", "in flight")
STATES = (*AGEING, "fresh", "expired", "dropped")
"""What the parent's token is when the workers are forked: fresh, expired, or invalidated; or it is
fresh and comes into its window of renewal while the workers are busy: as it is (ageing), after each
worker reported another token as rejected, or with the parent's own renewal under way.
"""

MARGIN = 0.1
"""The part of such a short life in which callers wait for the next token."""


@dataclass(frozen=True)
class Scenario:
    server: str
    command: object
    """Makes the command line from the listening socket and the number of workers."""
    state: str
    workers: int = 4
    call: str = "sync"
    parents: int = 1
    """Processes that use the client before the workers exist."""
    inherits: bool = True
    """Whether a worker has its parent's token."""
    shares: bool = False
    """Whether they share a store: then all of them together make the requests of one process."""
    runs_parent_code: bool = True
    """Whether the parent can be made to run something after its workers."""

    @property
    def parent_requests(self):
        return 2 if self.state == "in flight" else self.parents

    @property
    def lifetime_s(self):
        """How long a token lives that ages. One fifth of it is the window, of which a parent that
        has begun to renew may have used up the most."""
        return 60 if self.state == "in flight" else 40

    def script(self, sandbox):
        """Makes the sandbox answer so that the token is in this state at the fork."""
        if self.state in AGEING:
            sandbox.configure(seek_api_lifetime_s=self.lifetime_s)
        if self.state == "expired":
            short = {"access_token": "expired-by-the-fork", "token_type": "Bearer", "expires_in": 1}
            sandbox.script(*[{"json": short}] * self.parents)
        elif self.state == "in flight":
            sandbox.script({}, {"hold": True})

    def start(self, sandbox, folder, report):
        environment = {
            **sandbox.environment("prefork/1.0"),
            "SEEKAUTH_TIMEOUT": "300",
            "PREFORK_ADMIN": sandbox.urls["admin"],
            "PREFORK_STATE": self.state,
            "PREFORK_CALL": self.call,
            "PREFORK_REPORT": str(report),
            "PYTHONPATH": f"{PACKAGE}:{HERE}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if self.shares:
            environment["SEEKAUTH_STORE"] = f"local:{folder / 'store'}"
            # A busy machine is no reason to go on without it.
            environment["SEEKAUTH_STORE_TIMEOUT"] = "10"
        return Server(lambda fd: self.command(str(fd), str(self.workers)), environment, folder)

    def complaints(self, served, token_requests, seen):
        """What is wrong with these numbers."""
        wrong = []
        if served < REQUESTS:
            wrong.append(f"{served} requests served instead of {REQUESTS}")
        if seen < 2:
            wrong.append("a single worker served all requests")
        least, most = self._token_requests(seen)
        if not least <= token_requests <= most:
            expected = str(least) if least == most else f"{least} to {most}"
            wrong.append(f"{token_requests} token requests instead of {expected}")
        return wrong

    def _token_requests(self, seen):
        """How many there may be, at least and at most, with so many workers that served."""
        if self.shares:
            return (self.parents + (self.state == "expired"),) * 2
        if self.state in AGEING:
            return (self.parent_requests + self.workers,) * 2
        if not self.inherits:
            # A worker may have begun and not served yet.
            return self.parents + seen, self.parents + self.workers
        fetched = 0 if self.state == "fresh" else seen
        return (self.parents + fetched,) * 2


def gunicorn(worker_class, application, interpreter=sys.executable):
    def command(fd, workers):
        # A worker that hangs has to be seen before gunicorn kills it.
        options = ["--workers", workers, "--worker-class", worker_class, "--bind", f"fd://{fd}"]
        options += ["--timeout", "120"]
        if worker_class == "gthread":
            options += ["--threads", "4"]
        if worker_class == "gevent":
            # Its workers may wait for all of that time, whatever the application is.
            options += ["--graceful-timeout", "3"]
        program = [str(interpreter), "-m", "gunicorn", "--preload", "--log-level", "warning"]
        return [*program, "--config", str(HERE / "hooks.py"), *options, f"app:{application}"]

    return command


def uwsgi(*options):
    def command(fd, workers):
        program = [
            str(BIN / "uwsgi"),
            "--master",
            "--need-app",
            "--die-on-term",
            "--disable-logging",
        ]
        place = ["--virtualenv", sys.prefix, "--http-socket", f"fd://{fd}"]
        return [*program, *place, "--processes", workers, "--module", "app:wsgi", *options]

    return command


def program(*words):
    """A program that takes the listening socket and the number of workers."""
    return lambda fd, workers: [*words, fd, workers]


def python(name, *words):
    return program(sys.executable, str(HERE / name), *words)


def node(name):
    return program("node", str(HERE / name))


def _scenarios():
    forking = program(str(ROOT / "target/c/forking"))
    for state in ("fresh", "expired", "dropped"):
        yield Scenario("gunicorn sync", gunicorn("sync", "wsgi"), state)
        yield Scenario("gunicorn gthread", gunicorn("gthread", "wsgi"), state)
        yield Scenario("gunicorn gevent", gunicorn("gevent", "wsgi"), state)
        yield Scenario("gunicorn eventlet", gunicorn("eventlet", "wsgi", EVENTLET), state)
        yield Scenario(
            "gunicorn uvicorn",
            gunicorn("uvicorn_worker.UvicornWorker", "asgi"),
            state,
            call="async",
        )
    for state in ("fresh", "expired"):
        yield Scenario("gunicorn asgi", gunicorn("asgi", "asgi"), state, call="async")
        yield Scenario("uwsgi", uwsgi(), state, runs_parent_code=False)
        yield Scenario(
            "uwsgi threads",
            uwsgi("--enable-threads", "--threads", "2"),
            state,
            runs_parent_code=False,
        )
        yield Scenario("celery prefork", python("jobs.py"), state)
        yield Scenario("multiprocessing fork", python("pool.py", "fork"), state)
        yield Scenario("multiprocessing forkserver", python("pool.py", "forkserver"), state, parents=2)
        yield Scenario("process pool executor", python("pool.py", "executor"), state)
    yield Scenario("multiprocessing spawn", python("pool.py", "spawn"), "fresh", inherits=False)
    for state in ("fresh", "expired", "dropped"):
        yield Scenario("c forking", forking, state)
    yield Scenario("node cluster", node("cluster.js"), "fresh", inherits=False)
    yield Scenario("node worker_threads", node("threads.js"), "fresh", inherits=False)
    for name, command, state in (
        ("gunicorn sync", gunicorn("sync", "wsgi"), "expired"),
        ("gunicorn gevent", gunicorn("gevent", "wsgi"), "expired"),
        ("celery prefork", python("jobs.py"), "expired"),
        ("multiprocessing fork", python("pool.py", "fork"), "expired"),
        ("c forking", forking, "expired"),
        ("node cluster", node("cluster.js"), "fresh"),
    ):
        yield Scenario(f"{name}, sharing", command, state, workers=8, inherits=state != "fresh", shares=True)
    yield Scenario("gunicorn gthread", gunicorn("gthread", "wsgi"), "ageing", workers=8)
    yield Scenario("c forking", forking, "ageing", workers=8)
    for state in AGEING:
        yield Scenario("multiprocessing fork", python("pool.py", "fork"), state, workers=8)


SCENARIOS = tuple(_scenarios())
