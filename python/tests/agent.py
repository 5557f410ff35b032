"""Calls the public API of the built package as it is told, and prints the results.

The driver of the shared cases talks to it: one request line in, one reply line out. Every decision
and every assertion is the driver's; here a request becomes what a Python program would write.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections import defaultdict
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

import adapters
from provider import Provider

import seekauth
from seekauth import Client, Credentials, SeekAuthError, Token, _native

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Fields = dict[str, str]
Reply = dict[str, object]

# The clock is part of test builds only, and of no stub.
CLOCK: Any = _native
KINDS = {name: kind for name, kind, _ in _native.SETTINGS}
WHICH = {"both": 0, "monotonic": 1, "wall": 2}
NO_SETTINGS = {"handle", "provider", "provider_async"}
THREADS = 200

clients: dict[str, Client] = {}
providers: defaultdict[str, Provider] = defaultdict(Provider)
begun: dict[str, Future[Token]] = {}
opened: dict[tuple[str, str, str | None], adapters.Adapter] = {}
loop = asyncio.new_event_loop()


class ForeignError(Exception):
    """An error of the HTTP client's own."""


def main() -> None:
    runner = threading.Thread(target=loop.run_forever)
    runner.start()
    for line in sys.stdin:
        print(respond(line.rstrip("\n")), flush=True)
    loop.call_soon_threadsafe(loop.stop)
    runner.join()


def respond(line: str) -> str:
    verb, *pairs = line.split("\t")
    fields = {name: unquote(value) for name, _, value in (pair.partition("=") for pair in pairs)}
    handler = VERBS.get(verb)
    if handler is None:
        return render("error", {"code": 1, "message": f"unknown verb {verb}"})
    try:
        return render("ok", handler(fields))
    except SeekAuthError as error:
        return render("error", facts(error))
    except TypeError as error:
        return render("type_error", {"message": str(error)})
    except ForeignError as error:
        return render("error", {"code": 0, "name": "foreign", "message": str(error)})


def render(word: str, reply: Reply) -> str:
    return "\t".join([word, *(f"{name}={encode(value)}" for name, value in reply.items())])


def encode(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return quote(text, safe="-._~")


def facts(error: SeekAuthError) -> Reply:
    retry_after = error.retry_after
    reply: Reply = {
        "code": error.code,
        "name": error.kind,
        "retryable": error.retryable,
        "retry_after_ms": None if retry_after is None else round(retry_after * 1000),
        "status": error.status,
        "server_code": error.server_code,
        "message": str(error),
        "target": error.target,
        "request_id": error.request_id,
        "server_message": error.server_message,
        "server_path": error.server_path,
    }
    return {name: value for name, value in reply.items() if value is not None}


def describe(token: Token | None) -> Reply:
    if token is None:
        return {"none": True}
    return {
        "value": token.value,
        "authorization": token.authorization,
        "scopes": " ".join(token.scopes),
        "remaining_ms": round(token.remaining * 1000),
        "expires_at_ms": round(token.expires_at.timestamp() * 1000),
    }


def settings(fields: Fields) -> dict[str, Any]:
    given = dict(setting(name, text) for name, text in fields.items() if name not in NO_SETTINGS)
    if "provider" in fields:
        provider = providers[fields["provider"]]
        waits = fields.get("provider_async") == "true"
        given["credentials"] = provider.later if waits else provider
    return given


def setting(name: str, text: str) -> tuple[str, object]:
    duration = name.removesuffix("_ms")
    match KINDS.get(duration):
        case "duration":
            return duration, seconds(text)
        case "flag":
            return name, {"true": True, "false": False}.get(text, text)
        case "list":
            return name, text.split(" ")
        case "pairs":
            several: dict[str, list[str]] = {}
            for key, value in pairs(text):
                several.setdefault(key, []).append(value)
            return name, {
                key: values if values[1:] else values[0] for key, values in several.items()
            }
    return name, text


def pairs(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True)


def seconds(milliseconds: str) -> float:
    return float(milliseconds) / 1000


def timeout(fields: Fields) -> float | None:
    return seconds(fields["timeout_ms"]) if "timeout_ms" in fields else None


def client(fields: Fields) -> Client:
    return clients[fields["client"]]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result()


def clock_start(_: Fields) -> Reply:
    CLOCK.test_clock_start()
    return {}


def advance(fields: Fields) -> Reply:
    CLOCK.test_clock_advance(WHICH[fields["which"]], int(fields["ms"]))
    return {}


def elapsed(_: Fields) -> Reply:
    return {"ms": CLOCK.test_clock_elapsed_ms()}


def setenv(fields: Fields) -> Reply:
    if "value" in fields:
        os.environ[fields["name"]] = fields["value"]
    else:
        os.environ.pop(fields["name"], None)
    return {}


def new(fields: Fields) -> Reply:
    clients[fields["handle"]] = Client(**settings(fields))
    return {}


def provide(fields: Fields) -> Reply:
    provider = providers[fields.pop("name")]
    provider.fails = fields.pop("fail", "")
    provider.hangs = fields.pop("hang", "") == "true"
    provider.gives = Credentials(**fields) if fields else None
    return {}


def provided(fields: Fields) -> Reply:
    return {"calls": providers[fields["name"]].calls}


def from_env(fields: Fields) -> Reply:
    clients[fields["handle"]] = Client.from_env(**settings(fields))
    return {}


def with_scopes(fields: Fields) -> Reply:
    _, scopes = setting("scopes", fields["scopes"])
    assert isinstance(scopes, list)
    clients[fields["handle"]] = client(fields).with_scopes(*scopes)
    return {}


def authorization(fields: Fields) -> Reply:
    return {"value": client(fields).authorization()}


def authorization_async(fields: Fields) -> Reply:
    return {"value": run(client(fields).authorization_async())}


def get_token(fields: Fields) -> Reply:
    return describe(client(fields).get_token(timeout(fields)))


def get_token_async(fields: Fields) -> Reply:
    return describe(run(client(fields).get_token_async(timeout(fields))))


def cached_token(fields: Fields) -> Reply:
    return describe(client(fields).cached_token())


def invalidate(fields: Fields) -> Reply:
    return {"acted": client(fields).invalidate(fields["token"])}


def burst(fields: Fields) -> Reply:
    count = int(fields["n"])
    if fields.get("async") == "true":
        results = run(gather(client(fields), count))
    else:
        results = from_threads(client(fields), count)
    values = {result for result in results if isinstance(result, str)}
    errors = sum(not isinstance(result, str) for result in results)
    return {"distinct": len(values), "errors": errors}


async def gather(subject: Client, count: int) -> list[str | BaseException]:
    calls = (subject.authorization_async() for _ in range(count))
    return await asyncio.gather(*calls, return_exceptions=True)


def from_threads(subject: Client, count: int) -> list[str | BaseException]:
    threads = min(count, THREADS)
    together = threading.Barrier(threads)

    def share(number: int) -> list[str | BaseException]:
        together.wait()
        return [attempt(subject) for _ in range(number, count, threads)]

    with ThreadPoolExecutor(threads) as pool:
        return [result for results in pool.map(share, range(threads)) for result in results]


def attempt(subject: Client) -> str | BaseException:
    try:
        return subject.authorization()
    except SeekAuthError as error:
        return error


def begin(fields: Fields) -> Reply:
    async def start() -> asyncio.Task[Token]:
        task = asyncio.create_task(client(fields).get_token_async(timeout(fields)))
        # The task takes its first step, which starts the call, before this one goes on.
        await asyncio.sleep(0)
        return task

    task: asyncio.Task[Token] = run(start())

    async def end() -> Token:
        return await task

    begun[fields["id"]] = asyncio.run_coroutine_threadsafe(end(), loop)
    return {}


def join(fields: Fields) -> Reply:
    try:
        return describe(begun.pop(fields["id"]).result())
    except CancelledError:
        # asyncio has an error of its own for this; the driver knows the library's.
        raise seekauth.CancelledError("the task was cancelled") from None


def cancel(fields: Fields) -> Reply:
    begun[fields["id"]].cancel()
    return {}


def names(_: Fields) -> Reply:
    return {
        "names": " ".join(adapters.NAMES),
        "http2": " ".join(adapters.HTTP2),
        "versions": adapters.versions(),
    }


def adapter(fields: Fields) -> adapters.Adapter:
    key = fields["client"], fields["via"], fields.get("ca_file")
    if key not in opened:
        opened[key] = adapters.make(fields["via"], client(fields), fields.get("ca_file"), loop)
    return opened[key]


def request(fields: Fields) -> adapters.Request:
    body = fields["body"].encode() if "body" in fields else None
    return adapters.Request(
        method=fields["method"],
        url=fields["url"],
        headers=pairs(fields.get("headers", "")),
        body=b"x" * int(fields["body_size"]) if "body_size" in fields else body,
        stream="stream" in fields,
        follow="follow" in fields,
        part="part" in fields,
        timeout=seconds(fields.get("timeout_ms", "15000")),
        header=fields.get("header", ""),
    )


def send(fields: Fields) -> Reply:
    by, wanted = adapter(fields), request(fields)
    try:
        response = by.send(wanted)
    except SeekAuthError:
        raise
    except Exception as error:
        raise ForeignError(repr(error)) from error
    text = response.body.decode(errors="replace")
    reply: Reply = {
        "status": response.status,
        "body": text[:2000],
        "body_size": len(response.body),
        "body_end": text[-100:],
    }
    return reply if response.header is None else {**reply, "header": response.header}


def burst_send(fields: Fields) -> Reply:
    results = adapter(fields).send_at_once(request(fields), int(fields["n"]))
    responses = [result for result in results if isinstance(result, adapters.Response)]
    errors = [result for result in results if isinstance(result, BaseException)]
    kinds = {error.kind if isinstance(error, SeekAuthError) else "foreign" for error in errors}
    return {
        "answers": len(responses),
        "errors": len(errors),
        "statuses": " ".join(str(status) for status in sorted({a.status for a in responses})),
        "names": " ".join(sorted(kinds)),
        "bodies": len({response.body for response in responses}),
    }


def graphql(fields: Fields) -> Reply:
    variables = json.loads(fields["variables"]) if "variables" in fields else None
    options: dict[str, Any] = {
        "operation_name": fields.get("operation_name"),
        "headers": dict(pairs(fields["headers"])) if "headers" in fields else None,
        "timeout": timeout(fields),
    }
    if "async" in fields:
        response = run(client(fields).graphql_async(fields["query"], variables, **options))
    else:
        response = client(fields).graphql(fields["query"], variables, **options)
    members = {"data": response.data, "errors": response.errors, "extensions": response.extensions}
    reply: Reply = {"status": response.status, "body": json.dumps(members)}
    return reply if response.request_id is None else {**reply, "request_id": response.request_id}


def close(fields: Fields) -> Reply:
    client(fields).close()
    return {}


def free(fields: Fields) -> Reply:
    for key in [key for key in opened if key[0] == fields["client"]]:
        opened.pop(key).close()
    del clients[fields["client"]]
    return {}


def debug(fields: Fields) -> Reply:
    subject = client(fields)
    return {"text": f"{subject!r}\n{subject.cached_token()!r}"}


VERBS: dict[str, Callable[[Fields], Reply]] = {
    handler.__name__: handler
    for handler in (
        clock_start,
        advance,
        elapsed,
        setenv,
        new,
        provide,
        provided,
        from_env,
        with_scopes,
        authorization,
        authorization_async,
        get_token,
        get_token_async,
        cached_token,
        invalidate,
        burst,
        begin,
        join,
        cancel,
        send,
        burst_send,
        graphql,
        close,
        free,
        debug,
    )
}
VERBS["adapters"] = names

if __name__ == "__main__":
    main()
