"""Authentication for aiohttp: `aiohttp.ClientSession(middlewares=[seek_auth(client)])`.

    import aiohttp
    from seekauth import Client
    from seekauth.aiohttp import seek_auth

    client = Client.from_env()
    async with aiohttp.ClientSession(middlewares=[seek_auth(client)]) as api:
        query = {"query": "{ self { partner { name } } }"}
        async with api.post(client.api_url, json=query) as reply:
            print(await reply.json())

Install it with `pip install seekauth[aiohttp]`. It is a client middleware, which aiohttp has since
version 3.12.
"""

from __future__ import annotations

from asyncio import get_running_loop
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

from aiohttp import ClientError, StreamReader
from aiohttp.base_protocol import BaseProtocol
from yarl import URL

from seekauth import ForbiddenOriginError, NetworkError, TimeoutError  # noqa: A004 - it is one
from seekauth._adapters.common import is_rejection, sign

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse

    from seekauth import Client, Inspection

__all__ = ["seek_auth"]

_led_to: ContextVar[URL | None] = ContextVar("seekauth_led_to", default=None)
"""The other origin that the last answer in this task redirected to."""


def seek_auth(client: Client) -> ClientMiddlewareType:
    """A client middleware that sends requests with the token, once more if the API rejects it.

    Sets `Authorization` and `User-Agent`, and `X-Request-Id` and `Accept-Language` unless the
    request has them. Any number of sessions and event loops may share it.

    Answers stream: of one from the SEEK API as much is read ahead as it takes to see that it is no
    rejection, up to 1 MiB, and the caller still gets all of it, from `content` too. (With
    `auto_decompress=False` a compressed answer cannot be looked into.) Redirects are aiohttp's own,
    and none takes the token to another origin. A body is sent again if it is text, bytes, or a
    file that can be rewound.

    The request then raises a `seekauth.SeekAuthError`: `ForbiddenOriginError`, before anything is
    sent, unless it goes to the client's `api_url`; `TokenRejectedError` if a new token was rejected
    too, or if the body cannot be sent again; and whatever asking for a token fails with. aiohttp's
    time-outs count that wait.
    """

    async def middleware(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        body = request.body
        # A body of unknown size is a stream: it is gone once it has been sent.
        replayable = isinstance(body, bytes) or body.size is not None
        try:
            exchange = client.exchange(str(request.url), replayable=replayable)
        except ForbiddenOriginError:
            if request.url.origin() != _led_to.get():
                raise
            return _noted(request, await handler(request))
        while True:
            sign(exchange, request.headers, await _authorization(client))
            response = await handler(request)
            if not await _is_rejection(exchange.inspect(response.status), response):
                return _noted(request, response)
            response.release()
            exchange.reject()

    return middleware


async def _authorization(client: Client) -> str:
    try:
        return await client.authorization_async()
    except (NetworkError, TimeoutError) as error:
        # aiohttp would wrap it in an error of its own, as any OSError that is none already.
        bare = _NetworkError if isinstance(error, NetworkError) else _TimeoutError
        facts = ("retryable", "retry_after", "status", "server_code", "target")
        raise bare(error.message, **{name: getattr(error, name) for name in facts}) from None


class _NetworkError(NetworkError, ClientError):
    """A `NetworkError` that aiohttp passes on."""


class _TimeoutError(TimeoutError, ClientError):
    """A `TimeoutError` that aiohttp passes on."""


def _noted(request: ClientRequest, response: ClientResponse) -> ClientResponse:
    """Remembers where an answer leads: aiohttp brings the request that follows it here, too."""
    origin = None
    if location := response.headers.get("Location"):
        # What is no address leads nowhere.
        with suppress(ValueError):
            origin = request.url.join(URL(location)).origin()
    _led_to.set(origin)
    return response


async def _is_rejection(inspection: Inspection, response: ClientResponse) -> bool:
    if inspection.verdict is None:
        try:
            if response.content.at_eof():
                # It has no body, or another middleware has read it.
                is_rejection(inspection, await response.read())
            else:
                response.content = body = _Body(response.content)
                while inspection.verdict is None and not body.is_eof():
                    inspection.feed(await body.more())
        except BaseException:
            response.close()
            raise
    return inspection.finish()


class _Body(StreamReader):
    """The body of an answer, which takes its pieces from aiohttp's own reader when it is asked."""

    def __init__(self, source: StreamReader) -> None:
        loop = get_running_loop()
        # The limit is that of a line, too.
        super().__init__(_Unregulated(loop), limit=source.get_read_buffer_limits()[0], loop=loop)
        self._source = source
        self.begin_http_chunk_receiving()

    async def more(self) -> bytes:
        """Takes in the next piece of the answer and returns it: maybe nothing, or the end."""
        if self._source.at_eof():
            self.feed_eof()
            return b""
        piece, is_end_of_chunk = await self._source.readchunk()
        self.feed_data(piece)
        if is_end_of_chunk:
            self.end_http_chunk_receiving()
        return piece

    async def _wait(self, func_name: str) -> None:  # noqa: ARG002 - for messages of aiohttp's
        # All ways of reading come here when there is nothing to read.
        await self.more()


class _Unregulated(BaseProtocol):
    """A connection that nobody has to slow down: `_Body` holds what was asked for."""

    def pause_reading(self) -> None:
        pass

    def resume_reading(self, resume_parser: bool = True) -> None:
        pass
