"""With coverage of the package that imports seekauth, whose classes have to be the same ones afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import seekauth

from covered.service import is_refused, partner
from harness.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def client(sandbox: Sandbox, **changes: str) -> seekauth.Client:
    settings: Any = {**sandbox.settings, **changes}
    return seekauth.Client.seek_api(**settings)


def test_a_failure_is_caught_by_its_class(sandbox: Sandbox) -> None:
    assert is_refused(client(sandbox, client_secret="wrong"))
    assert not is_refused(client(sandbox))


def test_an_error_of_the_api_is_caught_by_its_class(sandbox: Sandbox) -> None:
    assert partner(client(sandbox), "{ nothing }") is None
    assert partner(client(sandbox), "{ self { partner { name } } }")
