"""What a client tells its listeners and the log, and the figures that it keeps."""

from __future__ import annotations

import ast
import gc
import inspect
import json
import logging
import queue
import resource
import sys
import threading
import time
import weakref
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from program import FORK, Program, run
from store import asking_for_pass, good_for_pass

import seekauth
from seekauth import (
    Client,
    Event,
    EventListener,
    InvalidArgumentError,
    Stats,
    TokenStats,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Clock
    from sandbox import Sandbox

LONG = 60
LIFETIME = 60
MANY = 100_000
"""More events than the library keeps for a listener."""
FLAT = 40 << 20
"""Bytes that a queue with bounds stays far below, and one without does not."""


class Heard:
    """A listener, and what it has been told."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def __call__(self, event: Event) -> None:
        self._events.put(event)

    def next(self) -> Event:
        return self._events.get(timeout=LONG)

    def until(self, name: str) -> list[Event]:
        """All up to the one of this name."""
        events = [self.next()]
        while events[-1].name != name:
            events.append(self.next())
        return events

    def is_empty(self) -> bool:
        return self._events.empty()


class Records(logging.Handler):
    """The records that reach the logger, each with the moment at which it did."""

    def __init__(self) -> None:
        super().__init__()
        self._records: queue.SimpleQueue[tuple[float, logging.LogRecord]] = queue.SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        self._records.put((time.monotonic(), record))

    def next(self) -> tuple[float, logging.LogRecord]:
        return self._records.get(timeout=LONG)

    def until(self, event: str) -> list[logging.LogRecord]:
        records = [self.next()[1]]
        while facts(records[-1])["event"] != event:
            records.append(self.next()[1])
        return records


def facts(record: logging.LogRecord) -> dict[str, Any]:
    return dict(vars(record)["seekauth"])


@pytest.fixture
def records() -> Iterator[Records]:
    """What the logger `seekauth` gets, from the level on that a test gives it before its client."""
    handler, logger = Records(), logging.getLogger("seekauth")
    logger.addHandler(handler)
    logger.propagate = False
    yield handler
    logger.removeHandler(handler)
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


def test_a_listener_hears_what_happens_in_its_words(sandbox: Sandbox) -> None:
    heard, begin = Heard(), datetime.now(timezone.utc)
    with sandbox.client() as client:
        assert isinstance(client.on_event(heard, level="debug"), EventListener)
        token = client.get_token()
        request, obtained = heard.until("token_obtained")
    assert (request.name, request.level, obtained.level) == ("token_request", "debug", "info")
    assert request.fields["service"] == "seek_api"
    assert (request.fields["environment"], request.fields["reason"]) == ("live", "first")
    assert (request.fields["result"], request.fields["attempt"]) == ("ok", 1)
    assert isinstance(request.fields["duration"], float)
    assert obtained.fields["lifetime"] == pytest.approx(token.remaining, abs=10)
    assert begin - timedelta(seconds=1) <= obtained.at <= datetime.now(timezone.utc)
    assert obtained.message.startswith("a new token for ")
    assert repr(obtained) == f"<seekauth.Event token_obtained level=info: {obtained.message}>"
    assert heard.next().name == "closed"
    for event in (request, obtained):
        assert token.value not in f"{event!r} {event.fields} {event.message}"
        with pytest.raises(AttributeError):
            event.level = "error"  # type: ignore[misc]


def test_levels_and_functions_are_checked(client: Client) -> None:
    on_event: Any = client.on_event
    wrong = "^level has to be one of debug, info, warning, error$"
    with pytest.raises(InvalidArgumentError, match=wrong):
        on_event(print, level="loud")
    with pytest.raises(TypeError, match="level"):
        on_event(print, level=10)
    with pytest.raises(TypeError, match=r"^function must be .* not int$"):
        on_event(7)

    async def listen(_: Event) -> None:
        """Is one that nobody would await."""

    with pytest.raises(TypeError, match=r"^function must be .* not a coroutine function$"):
        on_event(listen)


def test_levels_below_are_not_told(sandbox: Sandbox) -> None:
    debug, info, warning = Heard(), Heard(), Heard()
    with sandbox.client() as client:
        client.on_event(warning, level="warning")
        client.on_event(info)
        client.on_event(debug, level="debug")
        client.get_token()
    # Listeners are told in the order in which they came.
    names = [event.name for event in debug.until("closed")]
    assert names == ["token_request", "token_obtained", "closed"]
    assert info.next().name == "token_obtained"
    assert info.is_empty()
    assert warning.is_empty()


def test_a_listener_that_is_closed_hears_no_more(sandbox: Sandbox) -> None:
    closed, open_ = Heard(), Heard()
    with sandbox.client() as client:
        with client.on_event(closed, level="debug") as listener:
            client.on_event(open_, level="debug")
            client.get_token()
            closed.until("token_obtained")
        listener.close()
    open_.until("closed")
    assert closed.is_empty()


def test_other_scopes_are_heard_too(sandbox: Sandbox) -> None:
    heard = Heard()
    client = asking_for_pass(sandbox, good_for_pass)
    with client.with_scopes("write.right_to_work") as other:
        other.on_event(heard)
        client.get_token()
        assert heard.next().fields["scopes"] == ("write.education",)
        # It goes on with the clients that are left.
        del client
        other.get_token()
        assert heard.next().fields["scopes"] == ("write.right_to_work",)
        scopes = {token.scopes for token in other.stats().tokens}
        assert scopes == {("write.education",), ("write.right_to_work",)}


def test_what_a_listener_raises_is_reported_and_breaks_nobody(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: queue.SimpleQueue[str] = queue.SimpleQueue()

    def report(args: Any) -> None:
        reported.put(f"{args.exc_type.__name__}: {args.exc_value}")

    monkeypatch.setattr(sys, "unraisablehook", report)

    def fail(event: Event) -> None:
        raise SystemExit(event.name)

    heard = Heard()
    with sandbox.client() as client:
        client.on_event(fail, level="debug")
        client.on_event(heard, level="debug")
        client.get_token()
        heard.until("token_obtained")
        assert client.get_token()
    heard.until("closed")
    assert [reported.get(timeout=LONG) for _ in range(3)] == [
        "SystemExit: token_request",
        "SystemExit: token_obtained",
        "SystemExit: closed",
    ]


class Owner:
    """An owner of a client that tells it what happens."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.client = sandbox.client()
        self.heard = threading.Event()
        self.client.on_event(self.listen)

    def listen(self, _: Event) -> None:
        self.heard.set()


def test_a_client_with_a_listener_is_collected(sandbox: Sandbox) -> None:
    owner = Owner(sandbox)
    owner.client.get_token()
    assert owner.heard.wait(LONG)
    watched = weakref.ref(owner), weakref.ref(owner.client)
    del owner
    # The library's thread may be on its way out of the listener still.
    deadline = time.monotonic() + LONG
    while any(reference() for reference in watched):
        gc.collect()
        assert time.monotonic() < deadline


def test_listeners_that_were_closed_are_let_go(client: Client) -> None:
    listeners = [client.on_event(print) for _ in range(3)]
    held = weakref.WeakSet([listen := Heard()])
    with client.on_event(listen):
        del listen
        assert len(held) == 1
    assert len(held) == 0
    del listeners


def test_a_slow_listener_holds_up_no_call(sandbox: Sandbox, clock: Clock) -> None:
    go_on, entered, heard = threading.Event(), threading.Event(), Heard()

    def wait(event: Event) -> None:
        entered.set()
        assert go_on.wait(LONG)
        heard(event)

    with sandbox.client() as client:
        client.on_event(wait, level="debug")
        token = client.get_token()
        assert entered.wait(LONG)
        for _ in range(1_000):
            # Each makes three events.
            clock.settle()
            client.invalidate(token)
            token = client.get_token()
        assert client.stats().events_dropped > 0
        go_on.set()
        dropped = heard.until("dropped")[-1]
    assert (dropped.level, dropped.fields["count"]) == ("warning", client.stats().events_dropped)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.usefixtures("clock")
def test_a_hundred_thousand_events_cost_no_memory(sandbox: Sandbox) -> None:
    go_on, entered, names = threading.Event(), threading.Event(), queue.SimpleQueue[str]()

    def wait(event: Event) -> None:
        entered.set()
        assert go_on.wait(LONG)
        names.put(event.name)

    with sandbox.client() as client:
        listener = client.on_event(wait, level="debug")
        token = client.get_token()
        assert entered.wait(LONG)
        before = resident()
        # The clock stands still, so that the token stays too young for its rejection to count.
        for _ in range(MANY):
            client.invalidate(token)
            assert client.authorization() == token.authorization
        grown = resident() - before
        dropped = client.stats().events_dropped
        go_on.set()
        heard = 0
        while (name := names.get(timeout=LONG)) != "dropped":
            heard += name == "token_rejected"
        listener.close()
        assert client.stats().rejections == MANY
    assert grown < FLAT
    assert heard + dropped == MANY


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_stats_count_what_was_done(sandbox: Sandbox, clock: Clock) -> None:
    sandbox.configure(seek_api_lifetime_s=LIFETIME)
    with sandbox.client() as client:
        before = client.stats()
        assert isinstance(before, Stats)
        assert (before.requests_succeeded, before.requests_failed) == (0, {})
        client.get_token()
        sandbox.script(status=503, times=0)
        clock.advance(LIFETIME + 1)
        with pytest.raises(UnavailableError):
            client.get_token()
        stats = client.stats()
    assert before.requests_succeeded == 0
    assert (stats.requests_succeeded, stats.requests_failed) == (1, {"unavailable": 3})
    assert (stats.waits, stats.waiting, stats.waiting_max) == (2, 0, 1)
    assert isinstance(stats.waited, float)
    (token,) = stats.tokens
    assert isinstance(token, TokenStats)
    assert (token.state, token.remaining, token.is_requesting) == ("expired", 0.0, False)
    assert (token.last_failure, token.scopes) == ("unavailable", ())
    assert token.obtained_at is not None
    assert token.obtained_at.tzinfo is not None
    assert repr(token) == "<seekauth.TokenStats state='expired' scopes=()>"


def test_stats_have_the_cores_names(client: Client) -> None:
    client.get_token()
    stats = client.stats()
    # Its repr is made of the names and numbers of the core.
    shown = repr(stats).removeprefix("<seekauth.Stats ").removesuffix(">").split(" ")
    counts = {name: int(count) for name, _, count in (each.partition("=") for each in shown)}
    assert counts["requests_succeeded"] == 1
    assert {name: getattr(stats, name) for name in counts} == counts
    properties = [name for name in dir(Stats) if inspect.isdatadescriptor(getattr(Stats, name))]
    numbers = {name for name in properties if type(getattr(stats, name)) is int}
    assert numbers == set(counts)


def test_an_outage_is_logged_before_anybody_notices_it(
    sandbox: Sandbox, clock: Clock, records: Records
) -> None:
    """A token for 60 s, and an endpoint that is down from then on."""
    logging.getLogger("seekauth").setLevel(logging.INFO)
    sandbox.configure(seek_api_lifetime_s=LIFETIME)
    with sandbox.client() as client:
        token = client.get_token()
        first = records.next()[1]
        assert (first.levelname, facts(first)["event"]) == ("INFO", "token_obtained")
        sandbox.script(status=503, times=0)

        clock.advance(LIFETIME - 7)
        assert client.get_token() == token
        sandbox.wait_for_requests(2)
        failed_at = time.monotonic()
        at, warning = records.next()
        assert at - failed_at < 1
        assert warning.levelname == "WARNING"
        fields = facts(warning)
        assert (fields["event"], fields["reason"]) == ("token_request", "ahead")
        assert (fields["result"], fields["status"]) == ("unavailable", 503)
        assert fields["life_left"] == pytest.approx(7, abs=0.1)
        message = "a token request failed: unavailable, status 503; the current token lives for"
        assert warning.getMessage().startswith(message)

        # Callers wait now, and get the old token.
        clock.advance(4)
        assert client.get_token() == token
        assert {record.levelname for record in records.until("serving_stale")} == {"WARNING"}

        # And now there is nothing left.
        clock.advance(LIFETIME)
        with pytest.raises(UnavailableError):
            client.get_token()
        *repeated, last = [records.next()[1] for _ in range(3)]
        assert [record.levelname for record in repeated] == ["WARNING"] * 2
        assert last.levelname == "ERROR"
        assert last.getMessage().startswith("a token request failed: unavailable, status 503; ")
        stats = client.stats()
    assert (stats.requests_succeeded, stats.stale_served) == (1, 1)
    assert stats.requests_failed == {"unavailable": 5}


@pytest.mark.parametrize(
    ("level", "names"),
    [
        (logging.DEBUG, ["token_request", "token_obtained", "token_rejected"]),
        (logging.INFO, ["token_obtained", "token_rejected"]),
        (logging.WARNING, ["token_rejected"]),
    ],
)
def test_the_level_of_the_logger_decides_when_the_client_is_made(
    sandbox: Sandbox, clock: Clock, records: Records, level: int, names: list[str]
) -> None:
    logger = logging.getLogger("seekauth")
    logger.setLevel(level)
    with sandbox.client() as client:
        # Too late for this client.
        logger.setLevel(logging.DEBUG)
        token = client.get_token()
        clock.settle()
        assert client.invalidate(token)
        assert [facts(record)["event"] for record in records.until("token_rejected")] == names


def test_a_logger_that_is_closed_later_is_obeyed(
    sandbox: Sandbox, clock: Clock, records: Records
) -> None:
    heard = Heard()
    with sandbox.client() as client:
        logging.getLogger("seekauth").setLevel(logging.CRITICAL)
        client.on_event(heard)
        token = client.get_token()
        clock.settle()
        client.invalidate(token)
        heard.until("token_rejected")
        logging.getLogger("seekauth").setLevel(logging.WARNING)
        clock.settle()
        client.invalidate(client.get_token())
        assert len(records.until("token_rejected")) == 1


REJECT = """
    seekauth._native.test_clock_start()
    client = Client.from_env()
    token = client.get_token()
    seekauth._native.test_clock_advance(0, 2000)
    assert client.invalidate(token)
"""
LIGHT = """
import sys
import seekauth
from seekauth import Client
"""


@pytest.mark.parametrize("imports", ["import logging", 'assert "logging" not in sys.modules'])
def test_a_warning_is_shown_without_any_set_up(sandbox: Sandbox, imports: str) -> None:
    """By Python's own handler of last resort, or as that would where there is no logging."""
    code = f"""
    {imports}
    {REJECT}
    # The end waits for what has been told.
    """
    with Program(sandbox, code, LIGHT) as program:
        status, output, errors = program.end()
    message = "the API rejected the token, which is renewed\n"
    assert (status, output, errors) == (0, "", message)


def test_nothing_is_imported_before_there_is_something_to_log(sandbox: Sandbox) -> None:
    code = """
    client = Client.from_env()
    client.get_token()
    client.stats()
    client.close()
    late = {"logging", "threading", "seekauth._logging", "seekauth._listeners"}
    print(sorted(late & set(sys.modules)))
    """
    assert run(sandbox, code, LIGHT) == "[]\n"


def test_the_main_thread_stays_the_main_one(sandbox: Sandbox) -> None:
    code = f"""
    {REJECT}
    while "seekauth._logging" not in sys.modules:
        client.cached_token()
    assert not {{"logging", "threading"}} & set(sys.modules)
    import threading
    print(threading.current_thread() is threading.main_thread())
    """
    with Program(sandbox, code, LIGHT) as program:
        status, output, _ = program.end()
    assert (status, output) == (0, "True\n")


def test_a_program_that_ends_at_once_has_logged_its_failure(sandbox: Sandbox) -> None:
    sandbox.script(error="invalid_client", times=0)
    code = """
    import logging
    logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(name)s %(message)s")
    Client.from_env(client_secret="wrong").get_token()
    """
    with Program(sandbox, code, LIGHT) as program:
        status, output, errors = program.end()
    first, second = output.splitlines()
    assert (status, errors.splitlines()[-1].partition(":")[0]) == (
        1,
        "seekauth.errors.InvalidCredentialsError",
    )
    assert first.startswith("ERROR seekauth a token request failed: invalid_credentials")
    assert second.startswith("ERROR seekauth the token endpoint refused this client")


def test_a_listener_that_never_returns_does_not_hold_up_the_end(sandbox: Sandbox) -> None:
    code = """
    import threading
    client, entered = Client.from_env(), threading.Event()
    def listen(event):
        entered.set()
        while True:
            sum(range(100))
    client.on_event(listen)
    client.get_token()
    entered.wait()
    sys.exit(7)
    """
    with Program(sandbox, code, LIGHT) as program:
        assert program.end() == (7, "", "")


def test_a_forked_child_hears_of_what_it_does_itself(sandbox: Sandbox) -> None:
    code = f"""
    import json, os, queue
    {FORK.replace(chr(10), chr(10) + "    ")}
    heard = queue.SimpleQueue()
    client = Client.from_env()
    client.on_event(lambda event: heard.put((os.getpid(), event.name)), level="debug")
    def names():
        return [heard.get(timeout=60) for _ in range(2)]
    def use():
        own = Client.from_env()
        own.on_event(lambda event: heard.put((os.getpid(), event.name)), level="debug")
        own.get_token()
        assert names() == [(os.getpid(), "token_request"), (os.getpid(), "token_obtained")]
        client.get_token()
        assert names() == [(os.getpid(), "token_request"), (os.getpid(), "token_obtained")]
    codes = [child(use) for _ in range(3)]
    client.get_token()
    names()
    print(codes + [child(client.authorization)])
    """
    assert json.loads(run(sandbox, code, LIGHT)) == [0, 0, 0, 0]


def test_a_fork_under_many_events_hangs_no_child(sandbox: Sandbox) -> None:
    """A thread for each event enters the interpreter, while the program forks."""
    sandbox.script(error="invalid_client", times=0)
    code = f"""
    import os, signal, threading
    {FORK.replace(chr(10), chr(10) + "    ")}
    import logging
    logging.getLogger("seekauth").addHandler(logging.NullHandler())
    over = threading.Event()
    def refused():
        with Client.from_env(client_secret_next="another") as client:
            client.on_event(lambda event: None, level="debug")
            try:
                client.get_token()
            except seekauth.InvalidCredentialsError:
                return
        raise AssertionError("it was to fail")
    def go_on():
        while not over.is_set():
            refused()
    # A child waits for ever for modules whose first import it was forked under; that is Python's.
    refused()
    threads = [threading.Thread(target=go_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    def use():
        # A child that hangs ends by this.
        signal.alarm(50)
        refused()
    failed = sum(child(use) != 0 for _ in range(200))
    over.set()
    for thread in threads:
        thread.join()
    print(failed)
    """
    with Program(sandbox, code, LIGHT) as program:
        assert program.end(within=300) == (0, "0\n", "")


def test_facts_of_records_are_plain_values(
    sandbox: Sandbox, clock: Clock, records: Records
) -> None:
    """So that handlers may write them as JSON or send them to another process."""
    logging.getLogger("seekauth").setLevel(logging.DEBUG)
    with sandbox.client() as client:
        token = client.get_token()
        clock.settle()
        client.invalidate(token)
        for record in records.until("token_rejected"):
            assert json.loads(json.dumps(facts(record)))["client"] > 0
            assert ast.literal_eval(repr(facts(record))) == facts(record)
            assert token.value not in repr(vars(record))


def test_events_of_two_clients_are_told_apart(sandbox: Sandbox) -> None:
    heard = Heard()
    with sandbox.client() as one, sandbox.client() as two:
        for client in (one, two):
            client.on_event(heard)
            client.get_token()
        numbers = {heard.next().fields["client"] for _ in range(2)}
    assert len(numbers) == 2


def test_everything_of_events_is_public() -> None:
    for name in ("Event", "EventListener", "Stats", "TokenStats"):
        assert name in seekauth.__all__


def test_under_gevent_greenlets_of_the_main_thread_hear_and_log(sandbox: Sandbox) -> None:
    """Locks of handlers and listeners are those of greenlets there."""
    early = "from gevent import monkey\nmonkey.patch_all()\nimport os, _thread\n"
    code = """
    import gevent, gevent.event, logging
    native_id = _thread.get_native_id
    logged, heard = gevent.event.AsyncResult(), gevent.event.AsyncResult()
    class Handler(logging.Handler):
        def emit(self, record):
            logged.set((native_id() == os.getpid(), record.seekauth["event"]))
    logging.getLogger("seekauth").addHandler(Handler())
    seekauth._native.test_clock_start()
    client = Client.from_env()
    token = client.get_token()
    client.on_event(lambda event: heard.set((native_id() == os.getpid(), event.name)))
    seekauth._native.test_clock_advance(0, 2000)
    client.invalidate(token)
    print(logged.get(timeout=60), heard.get(timeout=60))
    """
    expected = "(True, 'token_rejected') (True, 'token_rejected')\n"
    assert run(sandbox, code, early + LIGHT) == expected
