"""A streaming response of requests that is read ahead for its inspection, and is whole again.

Read ahead are the bytes before content decoding, as they arrive and as far as the inspection needs
them. The caller gets these first and then the rest, whichever way of reading it uses.
"""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from requests import Response
from requests.exceptions import ContentDecodingError
from urllib3 import HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Generator

    from seekauth import Inspection

_CHUNK = 1 << 16


def read_ahead(inspection: Inspection, raw: HTTPResponse) -> HTTPResponse:
    """Reads a response until the verdict is known, and returns one with nothing missing."""
    tee = _TeeFile(raw)
    # A second response, since decoding leaves marks. requests' own gives errors the names that
    # users know.
    reader = Response()
    reader.raw = _StreamingResponse(raw, tee)
    # A body that cannot be decoded is for the caller, who may not want it decoded.
    with suppress(ContentDecodingError):
        for chunk in reader.iter_content(_CHUNK):
            if inspection.feed(chunk) is not None:
                break
    inspection.finish()
    return _ReplayResponse(raw, _ReplayFile(raw, tee.copy.getvalue()))


class _TeeFile:
    """The bytes of a response before content decoding, as a file that keeps a copy of each read."""

    def __init__(self, raw: HTTPResponse) -> None:
        self._raw = raw
        self.copy = BytesIO()
        self.closed = False

    def read(self, amt: int | None = None) -> bytes:
        chunk = self._raw.read1(amt, decode_content=False)
        self.copy.write(chunk)
        return chunk

    read1 = read

    def close(self) -> None:
        self.closed = True


class _ReplayFile:
    """The same bytes, those of the copy first; closing it frees the connection."""

    def __init__(self, raw: HTTPResponse, ahead: bytes) -> None:
        self._raw = raw
        self._ahead = BytesIO(ahead)
        self.closed = False

    def read(self, amt: int | None = None) -> bytes:
        chunk = self._ahead.read(amt)
        if amt is None:
            chunk += self._raw.read(decode_content=False)
            # It closes by itself, as the files do that urllib3 is used to.
            self.close()
        elif len(chunk) < amt:
            chunk += self._raw.read(amt - len(chunk), decode_content=False)
        return chunk

    def read1(self, amt: int | None = None) -> bytes:
        return self._ahead.read(amt) or self._raw.read1(amt, decode_content=False)

    def close(self) -> None:
        self.closed = True
        self._raw.close()
        self._raw.release_conn()


class _ReplayResponse(HTTPResponse):
    """A response whose bytes come from one of these files."""

    def __init__(self, raw: HTTPResponse, body: _TeeFile | _ReplayFile) -> None:
        super().__init__(
            # urllib3 needs no more of a file than these have.
            body=body,  # type: ignore[arg-type]
            headers=raw.headers,
            status=raw.status,
            version=raw.version,
            version_string=raw.version_string,
            reason=raw.reason,
            preload_content=False,
            decode_content=raw.decode_content,
            # requests looks for cookies in it.
            original_response=raw._original_response,
            retries=raw.retries,
            # The original response does so already.
            enforce_content_length=False,
            request_url=raw.url,
        )

    def supports_chunked_reads(self) -> bool:
        return True

    def read_chunked(
        self, amt: int | None = None, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        """The chunks as they arrive, without a wait for more than there is."""
        while chunk := self.read1(amt, decode_content):
            yield chunk


class _StreamingResponse(_ReplayResponse):
    """A response that never waits for a chunk to be full."""

    def stream(
        self, amt: int | None = _CHUNK, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        return self.read_chunked(amt, decode_content)
