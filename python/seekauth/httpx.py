"""Authentication for httpx: `httpx.Client(auth=SeekAuth(client))`, and so for `AsyncClient`.

    import httpx
    from seekauth import Client
    from seekauth.httpx import SeekAuth

    client = Client.from_env()
    with httpx.Client(auth=SeekAuth(client)) as api:
        response = api.post(client.api_url, json={"query": "{ self { partner { name } } }"})

Install it with `pip install seekauth[httpx]`. For httpx2 there is `seekauth.httpx2`.
"""

from __future__ import annotations

from seekauth._adapters.common import missing

try:
    import httpx
except ModuleNotFoundError as error:
    raise missing(error, "httpx") from None

from seekauth._adapters.httpx_flow import AuthFlowMixin, ReplayStream

__all__ = ["SeekAuth"]


class _ReplayStream(ReplayStream, httpx.AsyncByteStream, httpx.SyncByteStream):
    """A response body that was read ahead, as one of httpx's streams."""


class SeekAuth(AuthFlowMixin, httpx.Auth):
    """Sends requests with the token, and once more with a new one if the API rejects it.

    Takes a `seekauth.Client`. Sets `Authorization` and `User-Agent`, and `X-Request-Id` and
    `Accept-Language` unless the request has them. Serves synchronous and asynchronous clients,
    over HTTP/1.1 and HTTP/2; any number of them may share it.

    Responses stream. One from the SEEK API is read ahead, up to 1 MiB, until it is known to be no
    rejection, and the caller still gets all of it. Where httpx follows redirects, none takes the
    token to another origin.

    Raises a `seekauth.SeekAuthError`: `ForbiddenOriginError`, before anything is sent, unless the
    request and its Host header lead to the client's `api_url`; `TokenRejectedError` if a new token
    was rejected too, or if the body is a stream and cannot be sent again (`request.read()` makes it
    replayable);
    and the errors of `Client.authorization()`. The wait for a token ends with the client's
    `timeout`, or with httpx's time-out for reading, whichever is shorter.
    """

    library = httpx
    replay_stream = _ReplayStream
