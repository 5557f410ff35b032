"""Authentication for aiohttp: `aiohttp.ClientSession(middlewares=[seek_auth(client)])`.

    import aiohttp
    from seekauth import Client
    from seekauth.aiohttp import seek_auth

    client = Client.from_env()
    async with aiohttp.ClientSession(middlewares=[seek_auth(client)]) as api:
        query = {"query": "{ self { partner { name } } }"}
        async with api.post(client.api_url, json=query) as response:
            print(await response.json())

Install it with `pip install seekauth[aiohttp]`. It is a client middleware, which aiohttp has since
version 3.12.
"""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Awaitable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass

from seekauth._adapters.common import (
    authenticate,
    authorization_of_async,
    check_host,
    has_found_rejection,
    is_rejection,
    missing,
    note_request_id,
)

try:
    import aiohttp  # noqa: F401 - for the error
except ModuleNotFoundError as error:
    raise missing(error, "aiohttp") from None

from aiohttp import (
    ClientError,
    ClientHandlerType,
    ClientMiddlewareType,
    ClientRequest,
    ClientResponse,
    StreamReader,
)
from aiohttp.base_protocol import BaseProtocol
from yarl import URL

from seekauth import (
    Client,
    ForbiddenOriginError,
    Inspection,
    NetworkError,
    TimeoutError,  # noqa: A004 - it is one
)
from seekauth._adapters.frames import Forgetting

__all__ = ["seek_auth"]

_REDIRECTS = frozenset((301, 302, 303, 307, 308))


@dataclass
class _Hops:
    """The requests of one call to aiohttp, which follows redirects through the middlewares."""

    call: object
    """What aiohttp has one of for each call: its timer."""
    target: URL | None = None
    """The origin that the last response redirected to."""
    has_left: bool = False
    """Whether a request has gone to another origin. What that redirects to is not the caller's."""


_hops: ContextVar[_Hops | None] = ContextVar("seekauth_hops", default=None)


def seek_auth(client: Client) -> ClientMiddlewareType:
    """A client middleware that sends requests with the token, once more if the API rejects it.

    Sets `Authorization` and `User-Agent`, and `X-Request-Id` and `Accept-Language` unless the
    request has them. Any number of sessions and event loops may share it.

    Responses stream. One from the SEEK API is read ahead, up to 1 MiB, until it is known to be no
    rejection, and the caller still gets all of it, from `content` too. (With
    `auto_decompress=False` a compressed response cannot be inspected.) Redirects are aiohttp's own,
    and none takes the token to another origin, nor back from there. A body is sent again if it is
    text, bytes, or a file that can be rewound.

    The request then raises a `seekauth.SeekAuthError`: `ForbiddenOriginError`, before anything is
    sent, unless it and its Host header lead to the client's `api_url`; `TokenRejectedError` if a
    new token was rejected too, or if the body cannot be sent again; and the errors of
    `Client.authorization_async()`. The wait for a token ends with the client's `timeout`, or
    with aiohttp's `total`, which counts it, whichever is shorter.
    """

    async def middleware(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        body = request.body
        # A body of unknown size is a stream: it is gone once it has been sent.
        replayable = isinstance(body, bytes) or body.size is not None
        hops = _hops_of(request)
        if hops.has_left:
            return _note_redirect(hops, request, await handler(request))
        try:
            flow = client.auth_flow(str(request.url), replayable=replayable)
        except ForbiddenOriginError:
            if request.url.origin() != hops.target:
                raise
            hops.has_left = True
            return _note_redirect(hops, request, await handler(request))
        note_request_id(flow, request.headers)
        check_host(flow, request.headers.getall("Host", ()))
        authorization = await _wait_for(authorization_of_async(client, flow))
        while True:
            authenticate(flow, request.headers, authorization)
            with Forgetting():
                response = await handler(request)
            if not await _is_rejection(flow.inspect(response.status), response):
                return _note_redirect(hops, request, response)
            response.release()
            flow.retry()
            authorization = await _wait_for(authorization_of_async(client, flow))

    return middleware


async def _wait_for(authorization: Awaitable[str]) -> str:
    try:
        return await authorization
    except (NetworkError, TimeoutError) as error:
        # aiohttp wraps an OSError in an error of its own, unless it is one of aiohttp's already.
        cls = _NetworkError if isinstance(error, NetworkError) else _TimeoutError
        facts = ("retryable", "retry_after", "status", "server_code", "target", "request_id")
        raise cls(error.message, **{name: getattr(error, name) for name in facts}) from None


class _NetworkError(NetworkError, ClientError):
    """A `NetworkError` that aiohttp passes on."""


class _TimeoutError(TimeoutError, ClientError):
    """A `TimeoutError` that aiohttp passes on."""


def _hops_of(request: ClientRequest) -> _Hops:
    """What is known of the call that a request belongs to."""
    hops, call = _hops.get(), getattr(request, "_timer", None)
    if hops is None or hops.call is not call or call is None:
        hops = _Hops(call)
        _hops.set(hops)
    return hops


def _note_redirect(hops: _Hops, request: ClientRequest, response: ClientResponse) -> ClientResponse:
    """Notes where a response redirects to: aiohttp brings the request that follows it here, too."""
    hops.target = None
    location = response.headers.get("Location") or response.headers.get("URI")
    if response.status in _REDIRECTS and location:
        # A Location that is no URL redirects nowhere.
        with suppress(ValueError):
            hops.target = request.url.join(URL(location)).origin()
    return response


async def _is_rejection(inspection: Inspection, response: ClientResponse) -> bool:
    if inspection.verdict is None:
        try:
            if response.content.at_eof():
                # It has no body, or another middleware has read it.
                is_rejection(inspection, await response.read())
            else:
                response.content = body = _ReplayReader(response.content)
                while inspection.verdict is None and not body.is_eof():
                    inspection.feed(await body.receive())
        except BaseException:
            response.close()
            raise
    return has_found_rejection(inspection)


class _ReplayReader(StreamReader):
    """The body of a response, which takes its chunks from aiohttp's own reader on demand."""

    def __init__(self, source: StreamReader) -> None:
        loop = get_running_loop()
        # The limit is the longest line, too.
        super().__init__(_NullProtocol(loop), limit=source.get_read_buffer_limits()[0], loop=loop)
        self._source = source
        self.begin_http_chunk_receiving()

    async def receive(self) -> bytes:
        """Takes in the next chunk of the response and returns it; empty, too, at its end."""
        if self._source.at_eof():
            self.feed_eof()
            return b""
        data, is_end_of_chunk = await self._source.readchunk()
        self.feed_data(data)
        if is_end_of_chunk:
            self.end_http_chunk_receiving()
        return data

    async def _wait(self, func_name: str) -> None:  # noqa: ARG002 - aiohttp's signature
        # All ways of reading come here when the buffer is empty.
        await self.receive()


class _NullProtocol(BaseProtocol):
    """A connection that is never paused: `_ReplayReader` reads no more than was asked for."""

    def pause_reading(self) -> None:
        pass

    def resume_reading(self, resume_parser: bool = True) -> None:
        pass
