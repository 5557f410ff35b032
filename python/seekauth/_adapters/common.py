"""What the adapters to HTTP clients have in common: signing a request, and looking for a rejection.

Every rule is the core's, in `Exchange` and `Inspection`. Transmitting, and handing an answer over
as if nothing of it had been read, is for each adapter.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from seekauth import Exchange, Inspection

_PIECE = 1 << 18


def sign(exchange: Exchange, headers: MutableMapping[str, Any], authorization: str) -> None:
    """Puts the token and what goes with it into the headers of a request."""
    exchange.admit(authorization)
    for name, value in exchange.headers(headers):
        headers[name] = value
    headers["Authorization"] = authorization


def is_rejection(inspection: Inspection, body: bytes) -> bool:
    """The verdict on an answer whose whole body is at hand."""
    # In pieces, because no more of a long one is looked at than it takes.
    for start in range(0, len(body), _PIECE):
        verdict = inspection.feed(body[start : start + _PIECE])
        if verdict is not None:
            return verdict
    return inspection.finish()


def is_over(content_length: str | None, received: int) -> bool:
    """Whether an answer has arrived in full, by its header Content-Length.

    The connection of one that has can be used again without a wait for anything.
    """
    return content_length is not None and content_length == str(received)
