"""The way of a request through httpx, and through httpx2, which has the same interface.

An answer is read ahead as far as its inspection needs, below the content decoding; what was read
is put back in front of the rest, so that the caller finds it whole and still streaming. Nothing
is read of an answer whose status tells enough.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress

from seekauth._adapters.common import is_over, is_rejection, sign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
    from datetime import timedelta
    from typing import Any

    from seekauth import Client, Exchange, Inspection


class Body:
    """The undecoded body of an answer, some of which may have been read ahead."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.rest: Any = None
        """What has not been read yet: an iterator over the source, of the client's kind."""
        self.ahead: deque[bytes] = deque()
        """What has been."""

    def __iter__(self) -> Iterator[bytes]:
        while self.ahead:
            yield self.ahead.popleft()
        yield from self.rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.ahead:
            yield self.ahead.popleft()
        async for piece in self.rest:
            yield piece

    def close(self) -> None:
        """Frees the connection."""
        self.source.close()

    async def aclose(self) -> None:
        """`close()` for asynchronous clients."""
        await self.source.aclose()

    @property
    def elapsed(self) -> timedelta | None:
        """Where httpx2 looks for the time that the answer took."""
        elapsed: timedelta | None = self.source.elapsed
        return elapsed


class Ahead:
    """The same body on its way to be decoded: it ends as soon as the verdict is known."""

    def __init__(self, body: Body, inspection: Inspection) -> None:
        self._body = body
        self._inspection = inspection

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body.rest:
            self._body.ahead.append(piece)
            yield piece
            if self._inspection.verdict is not None:
                return

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._body.rest:
            self._body.ahead.append(piece)
            yield piece
            if self._inspection.verdict is not None:
                return


class Flow:
    """Both forms of `httpx.Auth`; what differs between the libraries is in the attributes."""

    library: Any
    """`httpx` or `httpx2`."""
    body: type[Any]
    """`Body` as one of its streams."""
    ahead: type[Any]
    """`Ahead` as one of its streams."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """Sends the request, and once more if the API rejects its token."""
        exchange = self._exchange(request)
        while True:
            sign(exchange, request.headers, self._client.authorization())
            response = yield request
            if not self._is_rejection(_inspection(exchange, request, response), response):
                return
            exchange.reject()

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """Sends the request, and once more if the API rejects its token."""
        exchange = self._exchange(request)
        while True:
            sign(exchange, request.headers, await self._client.authorization_async())
            response = yield request
            if not await self._is_rejection_async(
                _inspection(exchange, request, response), response
            ):
                return
            exchange.reject()

    def _exchange(self, request: Any) -> Exchange:
        replayable = isinstance(request.stream, self.library.ByteStream)
        return self._client.exchange(str(request.url), replayable=replayable)

    def _is_rejection(self, inspection: Inspection, response: Any) -> bool:
        if inspection.verdict is False or response.is_stream_consumed:
            return _at_hand(inspection, response)
        response.stream = body = self.body(response.stream)
        body.rest = iter(body.source)
        if inspection.verdict is None:
            self._read_ahead(inspection, response, body)
        if not inspection.finish():
            return False
        if _is_over(body, response):
            deque(body.rest, maxlen=0)
        body.close()
        response.stream = self.library.ByteStream(b"")
        return True

    async def _is_rejection_async(self, inspection: Inspection, response: Any) -> bool:
        if inspection.verdict is False or response.is_stream_consumed:
            return _at_hand(inspection, response)
        response.stream = body = self.body(response.stream)
        body.rest = aiter(body.source)
        if inspection.verdict is None:
            await self._read_ahead_async(inspection, response, body)
        if not inspection.finish():
            return False
        if _is_over(body, response):
            async for _ in body.rest:
                pass
        await body.aclose()
        response.stream = self.library.ByteStream(b"")
        return True

    def _read_ahead(self, inspection: Inspection, response: Any, body: Body) -> None:
        if "Content-Encoding" in response.headers:
            with suppress(self.library.DecodingError):
                for piece in self._decoded(inspection, response, body).iter_bytes():
                    inspection.feed(piece)
            return
        try:
            for piece in body.rest:
                body.ahead.append(piece)
                if inspection.feed(piece) is not None:
                    return
        except self.library.RequestError as error:
            error.request = response.request
            raise

    async def _read_ahead_async(self, inspection: Inspection, response: Any, body: Body) -> None:
        if "Content-Encoding" in response.headers:
            with suppress(self.library.DecodingError):
                async for piece in self._decoded(inspection, response, body).aiter_bytes():
                    inspection.feed(piece)
            return
        try:
            async for piece in body.rest:
                body.ahead.append(piece)
                if inspection.feed(piece) is not None:
                    return
        except self.library.RequestError as error:
            error.request = response.request
            raise

    def _decoded(self, inspection: Inspection, response: Any, body: Body) -> Any:
        """An answer of the same body that decodes it; what fails to is for the caller to meet."""
        return self.library.Response(
            response.status_code,
            headers=response.headers,
            stream=self.ahead(body, inspection),
            request=response.request,
        )


def _inspection(exchange: Exchange, request: Any, response: Any) -> Inspection:
    is_redirected = response.request is not request
    return exchange.inspect(response.status_code, str(response.url) if is_redirected else None)


def _at_hand(inspection: Inspection, response: Any) -> bool:
    """The verdict where nothing is left to read: a hook of the caller's may have done so."""
    return is_rejection(inspection, response.content if inspection.verdict is None else b"")


def _is_over(body: Body, response: Any) -> bool:
    return is_over(response.headers.get("Content-Length"), sum(map(len, body.ahead)))
