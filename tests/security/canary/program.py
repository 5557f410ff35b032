"""The Python program of the canary test: follows `story.py` and shows everything it can see, with all logs
open. Requests that the program's own HTTP clients dump go to a file by themselves.
"""

import asyncio
import copy
import gc
import http.client
import json
import logging
import os
import pickle
import queue
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any
from urllib.parse import unquote

import adapters
import seekauth
import sentry_sdk
import trackers
from seekauth import Client

KINDS = {name: kind for name, kind, _ in seekauth._native.SETTINGS}
WAYS: tuple[Callable[[Any], object], ...] = (
    repr,
    str,
    format,
    ascii,
    vars,
    dir,
    pickle.dumps,
    copy.copy,
    json.dumps,
    lambda thing: json.dumps(thing, default=repr),
    lambda thing: json.dumps(thing, default=vars),
    lambda thing: thing.__reduce_ex__(4),
    lambda thing: thing.__getstate__(),
    lambda thing: f"{[thing]!r} {{thing!r}}",
)

clients: dict[str, Client] = {}
senders: list[adapters.Adapter] = []
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
planted: list[str] = []
heard: queue.SimpleQueue[seekauth.Event] = queue.SimpleQueue()
sentry = trackers.Keeping({"dsn": trackers.DSN})
# With all that it does by default.
sentry_sdk.init(dsn=trackers.DSN, transport=sentry)


def say(kind: str, text: object) -> None:
    print(kind, str(text).replace("\n", " "), sep="\t", flush=True)


def show(thing: object) -> None:
    for way in WAYS:
        try:
            shown = way(thing)
        except Exception as error:
            shown = repr(error)
        say("shown", shown if isinstance(shown, str) else repr(shown))


def complain(error: BaseException) -> None:
    """The error in every way in which it can be printed, with what the callers' variables look like."""
    for way in (*WAYS, lambda error: error.args):
        try:
            shown = way(error)
        except Exception as other:
            shown = repr(other)
        say("error", shown if isinstance(shown, str) else repr(shown))
    say("error", "".join(traceback.format_exception(error)))
    track(error)


def track(error: BaseException) -> None:
    """What trackers show of it: the variables of all frames but this program's, which hold what it was told."""
    mine = {entry.tb_frame for entry in trackers.frames(error) if entry.tb_frame.f_code.co_filename == __file__}
    led: BaseException | None = error
    while led is not None:
        led.__traceback__ = without(led.__traceback__, mine)
        led = led.__cause__ or led.__context__
    for tracker in (*trackers.ALL, trackers.rich_traceback):
        if error.__traceback__ is not None:
            say("error", tracker(error))
    sentry_sdk.capture_exception(error)
    for sent in sentry.sent:
        say("error", sent)
    sentry.sent.clear()


def without(entry: TracebackType | None, frames: set[FrameType]) -> TracebackType | None:
    """The traceback without the entries of these frames."""
    if entry is None:
        return None
    rest = without(entry.tb_next, frames)
    if entry.tb_frame in frames:
        return rest
    return TracebackType(rest, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)


def setting(name: str, text: str) -> tuple[str, object]:
    plain = name.removesuffix("_ms")
    match KINDS[plain]:
        case "duration":
            return plain, float(text) / 1000
        case "list":
            return name, text.split(" ")
    return name, text


def new(fields: dict[str, str]) -> None:
    handle = fields.pop("handle")
    extra: dict[str, Any] = {}
    secret, client_id = fields.pop("callback", None), fields.pop("callback_id", "")
    if secret is not None:
        credentials = seekauth.Credentials(client_id=client_id, client_secret=secret)
        show(credentials)
        extra["credentials"] = lambda: credentials
    text = fields.pop("callback_fails", None)
    if text is not None:

        async def fail() -> seekauth.Credentials:
            raise RuntimeError(text)

        extra["credentials"] = fail
    # The log is open for all of its events too.
    client = clients[handle] = Client(**dict(setting(*field) for field in fields.items()), **extra)
    show(client.on_event(heard.put, level="debug"))
    show(client.stats())


def show_events() -> None:
    """What the clients have told of so far."""
    while not heard.empty():
        event = heard.get()
        for thing in (event, event.message, event.fields):
            show(thing)


def get(fields: dict[str, str]) -> None:
    client = clients[fields["handle"]]
    show(client.get_token())
    show(asyncio.run_coroutine_threadsafe(client.get_token_async(), loop).result())


def show_all(fields: dict[str, str]) -> None:
    client = clients[fields["handle"]]
    show(client)
    show(client.stats())
    show(client.stats().tokens)
    show(client.cached_token())
    show(client.store_status())
    show(client.auth_flow(client.api_url))
    show(seekauth.httpx.SeekAuth(client))
    show(seekauth.requests.SeekAuth(client))
    show(seekauth.aiohttp.seek_auth(client))


def graphql(fields: dict[str, str]) -> None:
    client, query = clients[fields["handle"]], "{ self { partner { name } } }"
    for call in (
        lambda: client.graphql(query),
        lambda: asyncio.run_coroutine_threadsafe(client.graphql_async(query), loop).result(),
    ):
        try:
            show(call())
        except Exception as error:
            complain(error)


def send(fields: dict[str, str]) -> None:
    client = clients[fields["handle"]]
    body = b'{"query": "{ self { partner { name } } }"}'
    headers = [("content-type", "application/json")]
    request = adapters.Request("POST", fields["url"], headers, body, False, False, False, 15.0, "x")
    for name in adapters.NAMES:
        sender = adapters.make(name, client, fields["ca_file"], loop)
        senders.append(sender)
        try:
            show(sender.send(request))
        except Exception as error:
            complain(error)


def panic(fields: dict[str, str]) -> None:
    """An exception that nobody catches, with everything at hand where it happens."""
    client = clients[fields["handle"]]

    def fall() -> None:
        token = client.get_token()
        header = seekauth.httpx.SeekAuth(client)
        raise RuntimeError(f"{client!r} {token!r} {header!r}")

    def hook(arguments: threading.ExceptHookArgs) -> None:
        assert arguments.exc_value is not None
        shown = traceback.TracebackException.from_exception(arguments.exc_value, capture_locals=True)
        print("".join(shown.format()), file=sys.stderr, flush=True)
        threading.__excepthook__(arguments)

    threading.excepthook = hook
    thread = threading.Thread(target=fall)
    thread.start()
    thread.join()


def close(fields: dict[str, str]) -> None:
    clients.pop(fields["handle"]).close()


def plant(fields: dict[str, str]) -> None:
    print(fields["stdout"], flush=True)
    print(fields["stderr"], file=sys.stderr, flush=True)
    logging.getLogger("a library").debug("%s", fields["log"])
    complain(RuntimeError(fields["error"]))
    show([fields["shown"]])
    Path("planted.bin").write_bytes(fields["file"].encode().hex().encode())
    planted.append(fields["memory"])


VERBS: dict[str, Callable[[dict[str, str]], None]] = {
    "new": new,
    "get": get,
    "show": show_all,
    "graphql": graphql,
    "send": send,
    "panic": panic,
    "close": close,
    "plant": plant,
}


def carry_out(line: str) -> None:
    verb, *pairs = line.rstrip("\n").split("\t")
    fields = {name: unquote(value) for name, value in (pair.split("=", 1) for pair in pairs)}
    try:
        VERBS[verb](fields)
    except Exception as error:
        complain(error)
    show_events()


def end() -> None:
    """Closes all there is, and lets nothing of the library live on."""
    for sender in senders:
        sender.close()
    senders.clear()
    for client in clients.values():
        client.close()
    clients.clear()
    for _ in range(3):
        gc.collect()


def main() -> None:
    with Path("wire.txt").open("w") as wire:
        http.client.HTTPConnection.debuglevel = 1
        http.client.print = lambda *words, **_: print(*words, file=wire, flush=True)  # type: ignore[attr-defined]
        logging.basicConfig(filename="log.txt", level=logging.NOTSET)
        loop.set_debug(True)
        for line in sys.stdin:
            if line == "end\n":
                break
            carry_out(line)
            print("done", flush=True)
        end()
        print("done", flush=True)
        sys.stdin.read()
    os._exit(0)


main()
