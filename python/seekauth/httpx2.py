"""Authentication for httpx2: `httpx2.Client(auth=SeekAuth(client))`, and so for `AsyncClient`.

    import httpx2
    from seekauth import Client
    from seekauth.httpx2 import SeekAuth

    client = Client.from_env()
    with httpx2.Client(auth=SeekAuth(client)) as api:
        reply = api.post(client.api_url, json={"query": "{ self { partner { name } } }"})

Install it with `pip install seekauth[httpx2]`. For httpx there is `seekauth.httpx`.
"""

from __future__ import annotations

import httpx2

from seekauth._adapters import httpx_flow

__all__ = ["SeekAuth"]


class _Body(httpx_flow.Body, httpx2.AsyncByteStream, httpx2.SyncByteStream):
    """A body that was read ahead, as httpx2 knows one."""


class _Ahead(httpx_flow.Ahead, httpx2.AsyncByteStream, httpx2.SyncByteStream):
    """A body that is being read ahead, as httpx2 knows one."""


class SeekAuth(httpx_flow.Flow, httpx2.Auth):
    """Sends requests with the token, and once more with a new one if the API rejects it.

    Takes a `seekauth.Client`. Sets `Authorization` and `User-Agent`, and `X-Request-Id` and
    `Accept-Language` unless the request has them. Serves synchronous and asyncio clients, over
    HTTP/1.1 and HTTP/2; any number of them may share it.

    Answers stream: of one from the SEEK API as much is read ahead as it takes to see that it is no
    rejection, up to 1 MiB, and the caller still gets all of it. Where httpx2 follows redirects,
    none takes the token to another origin.

    Raises a `seekauth.SeekAuthError`: `ForbiddenOriginError`, before anything is sent, unless the
    request goes to the client's `api_url`; `TokenRejectedError` if a new token was rejected too,
    or if the body is a stream and cannot be sent again (`request.read()` makes it replayable);
    and whatever asking for a token fails with. httpx2's time-outs do not count that wait, the
    client's `timeout` does.
    """

    library = httpx2
    body = _Body
    ahead = _Ahead
