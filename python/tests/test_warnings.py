"""Warnings of settings that put a secret at risk."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from sandbox import SECRET

from seekauth import Client, SeekAuthWarning

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox import Sandbox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file modes")


class Mine(Client):
    pass


# Each in one line: that which the warning has to name.
MADE: dict[str, Any] = {
    "Client()": lambda settings: Client(service="seek_api", **settings),
    "Client.seek_api()": lambda settings: Client.seek_api(**settings),
    "Client.from_env()": lambda settings: Client.from_env(service="seek_api", **settings),
    "a subclass": lambda settings: Mine.seek_api(**settings),
}


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path) -> dict[str, Any]:
    """Those of a client whose secret is in a file that only its owner may read."""
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(SECRET)
    return {**sandbox.settings, "client_secret": None, "client_secret_file": str(secret)}


def test_a_file_of_ones_own_is_silent(
    settings: dict[str, Any], recwarn: pytest.WarningsRecorder
) -> None:
    with Client.seek_api(**settings) as client:
        assert client.authorization().startswith("Bearer ")
    assert recwarn.list == []


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_file_that_all_may_read_is_warned_of_where_the_client_is_made(
    settings: dict[str, Any], tmp_path: Path, make: Any
) -> None:
    (tmp_path / "secret").chmod(0o644)
    with pytest.warns(SeekAuthWarning) as warned:
        client = make(settings)
    (warning,) = warned
    assert (warning.filename, warning.lineno) == (__file__, make.__code__.co_firstlineno)
    text = str(warning.message)
    assert text.startswith("client_secret_file: ")
    assert settings["client_secret_file"] in text
    assert SECRET not in text
    with client:
        assert client.authorization().startswith("Bearer ")


def test_it_can_be_made_an_error(settings: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "secret").chmod(0o644)
    warnings.simplefilter("error", SeekAuthWarning)
    with pytest.raises(SeekAuthWarning, match="client_secret_file"):
        Client.seek_api(**settings)


def test_several_files_are_several_warnings(settings: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "secret").chmod(0o644)
    other = tmp_path / "next"
    other.touch(0o644)
    with pytest.warns(SeekAuthWarning) as warned:
        Client.seek_api(**settings, client_secret_next_file=str(other)).close()
    texts = [str(warning.message).partition(":")[0] for warning in warned]
    assert texts == ["client_secret_file", "client_secret_next_file"]
