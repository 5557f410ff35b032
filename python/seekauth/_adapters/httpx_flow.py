"""The auth flow of httpx, and of httpx2, which has the same interface.

A response is read ahead as far as its inspection needs, below the content decoding. The chunks that
were read are put back in front of the rest, so that the caller finds it whole and still streaming.
Nothing is read of a response whose status is enough for the verdict.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

from seekauth import AuthFlow, Client, Inspection
from seekauth._adapters.common import (
    authenticate,
    authorization_of,
    authorization_of_async,
    bound,
    check_host,
    has_found_rejection,
    is_complete,
    is_rejection,
    note_request_id,
)
from seekauth._adapters.frames import forget_failure


class ReplayStream:
    """The undecoded body of a response, some of which may have been read ahead."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.rest: Any = None
        """The chunks that have not been read yet: an iterator over the source, of its own kind."""
        self.ahead: deque[bytes] = deque()
        """The chunks that have been read."""

    def __iter__(self) -> Iterator[bytes]:
        while self.ahead:
            yield self.ahead.popleft()
        yield from self.rest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.ahead:
            yield self.ahead.popleft()
        async for chunk in self.rest:
            yield chunk

    def close(self) -> None:
        """Frees the connection."""
        self.source.close()

    async def aclose(self) -> None:
        """`close()` for asynchronous clients."""
        await self.source.aclose()

    @property
    def elapsed(self) -> timedelta | None:
        """The time that the response took; httpx2 looks for it here."""
        elapsed: timedelta | None = self.source.elapsed
        return elapsed


class AuthFlowMixin:
    """Both forms of `httpx.Auth`; the attributes hold what differs between the libraries."""

    library: Any
    """`httpx` or `httpx2`."""
    replay_stream: type[Any]
    """`ReplayStream` as one of the library's streams."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """Sends the request, and once more if the API rejects its token."""
        flow = self._auth_flow(request)
        timeout = _timeout(request)
        authorization = authorization_of(self._client, flow, timeout)
        while True:
            authenticate(flow, request.headers, authorization)
            response = None
            with suppress(GeneratorExit):
                response = yield request
            if response is None:
                forget_failure()
                return
            if not self._is_rejection(_inspection(flow, request, response), response):
                return
            flow.retry()
            authorization = authorization_of(self._client, flow, timeout)

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """Sends the request, and once more if the API rejects its token."""
        flow = self._auth_flow(request)
        timeout = _timeout(request)
        authorization = await authorization_of_async(self._client, flow, timeout)
        while True:
            authenticate(flow, request.headers, authorization)
            response = None
            with suppress(GeneratorExit):
                response = yield request
            if response is None:
                forget_failure()
                return
            if not await self._is_rejection_async(_inspection(flow, request, response), response):
                return
            flow.retry()
            authorization = await authorization_of_async(self._client, flow, timeout)

    def _auth_flow(self, request: Any) -> AuthFlow:
        replayable = isinstance(request.stream, self.library.ByteStream)
        flow = self._client.auth_flow(str(request.url), replayable=replayable)
        note_request_id(flow, request.headers)
        check_host(flow, request.headers.get_list("Host"))
        return flow

    def _is_rejection(self, inspection: Inspection, response: Any) -> bool:
        if inspection.verdict is False or response.is_stream_consumed:
            return _buffered_verdict(inspection, response)
        response.stream = body = self.replay_stream(response.stream)
        body.rest = iter(body.source)
        if inspection.verdict is None:
            self._read_ahead(inspection, response, body)
        if not has_found_rejection(inspection):
            return False
        if _is_complete(body, response):
            deque(body.rest, maxlen=0)
        body.close()
        response.stream = self.library.ByteStream(b"")
        return True

    async def _is_rejection_async(self, inspection: Inspection, response: Any) -> bool:
        if inspection.verdict is False or response.is_stream_consumed:
            return _buffered_verdict(inspection, response)
        response.stream = body = self.replay_stream(response.stream)
        body.rest = aiter(body.source)
        if inspection.verdict is None:
            await self._read_ahead_async(inspection, response, body)
        if not has_found_rejection(inspection):
            return False
        if _is_complete(body, response):
            async for _ in body.rest:
                pass
        await body.aclose()
        response.stream = self.library.ByteStream(b"")
        return True

    def _read_ahead(self, inspection: Inspection, response: Any, body: ReplayStream) -> None:
        if "Content-Encoding" in response.headers:
            with suppress(self.library.DecodingError):
                for chunk in self._decoded(response, _tee(body, inspection)).iter_bytes():
                    inspection.feed(chunk)
            return
        try:
            for chunk in body.rest:
                body.ahead.append(chunk)
                if inspection.feed(chunk) is not None:
                    return
        except self.library.RequestError as error:
            error.request = response.request
            raise

    async def _read_ahead_async(
        self, inspection: Inspection, response: Any, body: ReplayStream
    ) -> None:
        if "Content-Encoding" in response.headers:
            with suppress(self.library.DecodingError):
                tee = _tee_async(body, inspection)
                async for chunk in self._decoded(response, tee).aiter_bytes():
                    inspection.feed(chunk)
            return
        try:
            async for chunk in body.rest:
                body.ahead.append(chunk)
                if inspection.feed(chunk) is not None:
                    return
        except self.library.RequestError as error:
            error.request = response.request
            raise

    def _decoded(self, response: Any, chunks: Any) -> Any:
        """A second response with these chunks, to decode them; the caller's stays as it is."""
        return self.library.Response(
            response.status_code,
            headers=response.headers,
            content=chunks,
            request=response.request,
        )


def _timeout(request: Any) -> float | None:
    """How long a server may take to respond, which is what the wait for a token depends on."""
    timeouts = request.extensions.get("timeout") or {}
    return bound(timeouts.get("read"))


def _tee(body: ReplayStream, inspection: Inspection) -> Iterator[bytes]:
    """The body on its way to be decoded: kept for the caller, until the verdict is known."""
    for chunk in body.rest:
        body.ahead.append(chunk)
        yield chunk
        if inspection.verdict is not None:
            return


async def _tee_async(body: ReplayStream, inspection: Inspection) -> AsyncIterator[bytes]:
    async for chunk in body.rest:
        body.ahead.append(chunk)
        yield chunk
        if inspection.verdict is not None:
            return


def _inspection(flow: AuthFlow, request: Any, response: Any) -> Inspection:
    if response.request is request:
        url = None
    elif "Authorization" in response.request.headers:
        url = str(response.url)
    else:
        # On its way the token was taken out: whoever responds has not seen it.
        url = ""
    return flow.inspect(response.status_code, url)


def _buffered_verdict(inspection: Inspection, response: Any) -> bool:
    """The verdict where nothing is left to read: a hook of the program's may have done so."""
    return is_rejection(inspection, response.content if inspection.verdict is None else b"")


def _is_complete(body: ReplayStream, response: Any) -> bool:
    return is_complete(response.headers.get("Content-Length"), sum(map(len, body.ahead)))
