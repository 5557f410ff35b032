"""No panic leaves the native half: not as `PanicException`, and not as a wait without end."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import pytest

import seekauth
from seekauth import _native
from seekauth._async import await_callback

SOURCES = Path(__file__).resolve().parents[2] / "bindings" / "python" / "src"
# Both are part of test builds only, and of no stub.
NATIVE: Any = _native

METHOD = re.compile(r"^    (?:pub(?:\(crate\))? )?fn (\w+)", re.MULTILINE)
HARMLESS = {
    # What they call has a guard of its own.
    "seek_api",
    "seek_pass",
    "oauth",
    "__enter__",
    "__exit__",
    # Moves text and numbers that the core holds already.
    "value",
    "name",
    "level",
    "at",
    "expires_at",
    "scopes",
    "api_url",
    "__repr__",
    "__eq__",
    "__hash__",
    "__copy__",
    "__deepcopy__",
    "__reduce__",
    # The garbage collector's.
    "__traverse__",
    "__clear__",
}


def test_a_panic_is_an_internal_error_without_its_text() -> None:
    with pytest.raises(seekauth.InternalError) as raised:
        NATIVE.test_panic("pl4nted")
    assert isinstance(raised.value, Exception)
    assert "report it" in str(raised.value)
    assert "pl4nted" not in repr(raised.value)
    assert not raised.value.retryable


def test_a_call_that_is_lost_ends_its_wait() -> None:
    async def wait() -> object:
        return await await_callback(lambda _, done: NATIVE.test_lost_call(done), None)

    with pytest.raises(seekauth.InternalError, match="lost"):
        asyncio.run(wait())


def test_a_lost_call_calls_back_once() -> None:
    called: list[tuple[object, object]] = []
    came = threading.Event()

    def done(result: object, error: object) -> None:
        called.append((result, error))
        came.set()

    with pytest.raises(seekauth.InternalError, match="lost"):
        NATIVE.test_lost_call(done)
    assert came.wait(60)
    ((result, error),) = called
    assert result is None
    assert isinstance(error, seekauth.InternalError)


@pytest.mark.skipif(not SOURCES.is_dir(), reason="the sources are in the repository only")
def test_every_entry_is_guarded() -> None:
    """Each method is a call of `guard`, or is known to be harmless."""
    seen, missing = 0, []
    for file in SOURCES.glob("*.rs"):
        for block in re.findall(r"#\[pymethods\]\n.*?\n}\n", file.read_text(), re.DOTALL):
            # A function that is given as a class attribute runs when the module is imported.
            parts = re.split(
                r"\n(?=    (?:///|#\[|fn |pub))",
                re.sub(r"#\[classattr\]\n.*?\n    }\n", "", block, flags=re.DOTALL),
            )
            for part in parts:
                found = METHOD.search(part)
                if found:
                    seen += 1
                    if "guard(" not in part and found[1] not in HARMLESS:
                        missing.append(f"{file.name}: {found[1]}")
    assert seen > 30
    assert missing == []
