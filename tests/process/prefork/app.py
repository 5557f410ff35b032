"""The application that the Python servers run. Importing it uses the client, as programs that read
their configuration at start do, and leaves a token in the state that PREFORK_STATE asks for; each
request then needs one. The response is the process and the header value, which only a stand-in for
SEEK makes harmless.
"""

import asyncio
import json
import os
import time
import urllib.request
from pathlib import Path

from seekauth import Client

client = Client.from_env()

_STATE = os.environ["PREFORK_STATE"]
IS_AGEING = _STATE in {"ageing", "rejected", "in flight"}
_IMPORTED_BY = os.getpid()
_PATIENCE_S = 60
_LATE_REJECTION = "Bearer of a token from before"


def _use():
    if os.environ["PREFORK_CALL"] == "async":
        return asyncio.run(client.authorization_async())
    return client.authorization()


def _token_requests():
    with urllib.request.urlopen(os.environ["PREFORK_ADMIN"] + "/counts", timeout=60) as response:
        return json.load(response)["endpoints"]["seek_api_token"]


def _prepare():
    """Leaves the token as the run wants it when the process forks."""
    header = _use()
    if _STATE == "expired":
        while client.cached_token() is not None:
            time.sleep(0.01)
    elif _STATE == "dropped":
        _until(lambda: client.invalidate(header), "the parent's token was never set aside")
    elif _STATE == "in flight":
        while _token_requests() < 2:
            client.authorization()
            time.sleep(0.01)


def finish():
    """Shows that the parent goes on working after its children: renews its token, reports it. One that is
    shared is not renewed for a rejection so soon after another process got it.
    """
    before = _use()
    if "SEEKAUTH_STORE" in os.environ:
        Path(os.environ["PREFORK_REPORT"]).write_text(before)
        return
    _until(lambda: client.invalidate(before) or _use() != before, "the parent's token was never set aside")
    after = _use()
    assert after != before, "the parent did not get another token"
    Path(os.environ["PREFORK_REPORT"]).write_text(after)


def _until(holds, otherwise):
    """Returns once it holds. A token has to be two seconds old until its rejection counts."""
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)


def reject_late():
    """In a child: reports a token that was replaced long ago, if the run wants that."""
    if _STATE == "rejected" and os.getpid() != _IMPORTED_BY:
        assert not client.invalidate(_LATE_REJECTION)


def keep_busy():
    """In a child: goes on asking, as a worker that is never idle does, so that the moment of
    renewal depends on the library and not on when the next request comes."""
    reject_late()
    while True:
        client.authorization()
        time.sleep(0.005)


def response_text():
    """The body of every response."""
    reject_late()
    return f"{os.getpid()} {client.authorization()}"


def wsgi(_environ, start_response):
    body = response_text().encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, _receive, send):
    assert scope["type"] == "http"
    reject_late()
    body = f"{os.getpid()} {await client.authorization_async()}".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


_prepare()
