"""A streaming answer of requests that is read ahead for its inspection, and is whole again.

Read ahead are the bytes before content decoding, as they arrive and as far as the inspection needs
them. The caller gets these first and then the rest, in every way that there is of reading them.
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

_PIECE = 1 << 16


def read_ahead(inspection: Inspection, raw: HTTPResponse) -> HTTPResponse:
    """Reads an answer until the verdict is known, and returns one with nothing missing."""
    ahead = _Ahead(raw)
    # An answer of its own: decoding leaves marks. requests' gives errors the names that users know.
    reader = Response()
    reader.raw = _Arriving(raw, ahead)
    # What cannot be decoded is for the caller, who may not want it decoded.
    with suppress(ContentDecodingError):
        for piece in reader.iter_content(_PIECE):
            if inspection.feed(piece) is not None:
                break
    inspection.finish()
    return _Answer(raw, _Whole(raw, ahead.kept.getvalue()))


class _Ahead:
    """The bytes of an answer before content decoding, as a file: all that is read is kept."""

    def __init__(self, raw: HTTPResponse) -> None:
        self._raw = raw
        self.kept = BytesIO()
        self.closed = False

    def read(self, amt: int | None = None) -> bytes:
        piece = self._raw.read1(amt, decode_content=False)
        self.kept.write(piece)
        return piece

    read1 = read

    def close(self) -> None:
        self.closed = True


class _Whole:
    """The same bytes, those that were kept first; closing it frees the connection."""

    def __init__(self, raw: HTTPResponse, ahead: bytes) -> None:
        self._raw = raw
        self._ahead = BytesIO(ahead)
        self.closed = False

    def read(self, amt: int | None = None) -> bytes:
        piece = self._ahead.read(amt)
        if amt is None:
            piece += self._raw.read(decode_content=False)
            # It closes by itself, as the files do that urllib3 is used to.
            self.close()
        elif len(piece) < amt:
            piece += self._raw.read(amt - len(piece), decode_content=False)
        return piece

    def read1(self, amt: int | None = None) -> bytes:
        return self._ahead.read(amt) or self._raw.read1(amt, decode_content=False)

    def close(self) -> None:
        self.closed = True
        self._raw.close()
        self._raw.release_conn()


class _Answer(HTTPResponse):
    """An answer whose bytes come from one of these."""

    def __init__(self, raw: HTTPResponse, wire: _Ahead | _Whole) -> None:
        super().__init__(
            # As much of a file as is asked for.
            body=wire,  # type: ignore[arg-type]
            headers=raw.headers,
            status=raw.status,
            version=raw.version,
            version_string=raw.version_string,
            reason=raw.reason,
            preload_content=False,
            decode_content=raw.decode_content,
            # requests looks for cookies in it.
            original_response=raw._original_response,  # noqa: SLF001
            retries=raw.retries,
            # The other one does so already.
            enforce_content_length=False,
            request_url=raw.url,
        )

    def supports_chunked_reads(self) -> bool:
        return True

    def read_chunked(
        self, amt: int | None = None, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        """The pieces as they arrive, without a wait for more than there is."""
        while piece := self.read1(amt, decode_content):
            yield piece


class _Arriving(_Answer):
    """The same for those who cannot wait for a piece to be full."""

    def stream(
        self, amt: int | None = _PIECE, decode_content: bool | None = None
    ) -> Generator[bytes, None, None]:
        return self.read_chunked(amt, decode_content)
