"""Keyword arguments: names and types are checked the Python way, meaning by the core."""

from __future__ import annotations

import ast
import inspect
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_type_hints

import pytest

import seekauth.settings
from seekauth import Client, Credentials, InvalidArgumentError, _native
from seekauth.settings import URL, Secret, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox import Sandbox

PLANTED = "pl4nted-s3cret"

KINDS = {name: kind for name, kind, _ in _native.SETTINGS}

HINTS: dict[str, Any] = {
    "text": str | None,
    "duration": float | timedelta | None,
    "flag": bool | None,
    "list": str | Iterable[str] | None,
    "pairs": Mapping[str, str | Sequence[str]] | None,
}


CHOICES = ("environment", "service", "token_endpoint_auth_method", "token_request_format")
"""The settings whose sentences name all values that there are."""


def hint(name: str) -> Any:
    if name in CHOICES:
        sentence = next(sentence for each, _, sentence in _native.SETTINGS if each == name)
        return Literal[tuple(re.findall(r"`(\w+)`", sentence))] | None
    if name.endswith("_file"):
        return str | os.PathLike[str] | None
    if name.endswith("_url"):
        return str | URL | None
    if name.startswith("client_secret") or name == "store":
        return str | Secret | None
    return str | URL | Secret | None if name == "proxy" else HINTS[KINDS[name]]


class Planted:
    """A value that betrays itself when it is shown."""

    def __repr__(self) -> str:
        return PLANTED


WRONG: dict[str, list[object]] = {
    "text": [1, b"bytes", True, ["list"], Planted()],
    "duration": ["5", True, object(), Planted(), [1]],
    "flag": [1, 0, "true", Planted()],
    "list": [1, b"bytes", {"a": "b"}, ["a", 1], [b"a"], Planted()],
    "pairs": [
        "a=1",
        [("a", "b")],
        {"a": 1},
        {1: "a"},
        {"a": Planted()},
        {"a": ["b", 1]},
        {"a": {"b": "c"}},
        {"a": b"c"},
        Planted(),
    ],
}


def test_the_typed_settings_are_those_of_the_core() -> None:
    hints = get_type_hints(Settings)
    # The one that cannot be written as text, so that only some languages have it.
    assert hints.pop("credentials") == Callable[[], Credentials | Awaitable[Credentials]] | None
    assert hints == {name: hint(name) for name in KINDS}


def documented() -> dict[str, str]:
    """The docstrings of the typed settings, each in one line."""
    found = {}
    for cls in ast.parse(inspect.getsource(seekauth.settings)).body:
        if isinstance(cls, ast.ClassDef):
            for member, text in pairwise(cls.body):
                match member, text:
                    case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(doc))):
                        found[name] = " ".join(doc.split())
    return found


def test_the_typed_settings_are_described_by_the_sentences_of_the_core() -> None:
    docs = documented()
    assert docs.keys() == {*KINDS, "credentials"}
    for name, _, sentence in _native.SETTINGS:
        assert f"{docs[name]} ".startswith(f"{sentence} "), name


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_a_wrong_type_names_the_setting_and_never_shows_the_value(name: str, kind: str) -> None:
    for value in WRONG[kind]:
        arguments: Any = {name: value}
        with pytest.raises(TypeError) as raised:
            Client(**arguments)
        message = str(raised.value)
        assert message.startswith(f"{name} must be ")
        assert PLANTED not in message
        assert "secret" not in message.removeprefix(name)


@pytest.mark.parametrize("make", [Client, Client.seek_api, Client.seek_pass, Client.oauth])
def test_an_unknown_name_is_a_type_error(make: Any) -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'cliend_id'.*client_id"):
        make(cliend_id="x")


@pytest.mark.parametrize("name", ["seek_api", "seek_pass", "oauth"])
def test_a_service_cannot_be_given_twice(name: str) -> None:
    with pytest.raises(TypeError, match=rf"^Client\.{name}\(\) got multiple values.*'service'$"):
        getattr(Client, name)(service="oauth")


def test_from_env_names_itself_in_the_error() -> None:
    arguments: Any = {"cliend_id": "x"}
    with pytest.raises(TypeError, match=r"^Client\.from_env\(\) got an unexpected keyword"):
        Client.from_env(**arguments)


def test_there_are_no_positional_arguments() -> None:
    make: Any = Client
    with pytest.raises(TypeError, match="keyword arguments only"):
        make("seek_api")


def test_none_is_the_same_as_absent(sandbox: Sandbox) -> None:
    given: Any = {name: None for name in KINDS if name not in sandbox.settings}
    given.pop("service")
    assert sandbox.client(**given).authorization().startswith("Bearer ")
    with pytest.raises(InvalidArgumentError, match="client_id"):
        sandbox.client(client_id=None)


@pytest.mark.parametrize("span", [300, 300.0, timedelta(minutes=5)])
def test_times_are_seconds_or_a_timedelta(sandbox: Sandbox, span: Any) -> None:
    client = sandbox.client(timeout=span, request_timeout=span, connect_timeout=span)
    assert client.get_token(timeout=span).value


@pytest.mark.parametrize("span", [-1, float("nan"), float("inf"), 10**400, timedelta(days=-1)])
def test_an_impossible_time_is_refused_by_name(sandbox: Sandbox, span: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="request_timeout"):
        sandbox.client(request_timeout=span)
    with sandbox.client() as client, pytest.raises(InvalidArgumentError, match="timeout"):
        client.get_token(timeout=span)


@pytest.mark.parametrize("span", ["1", True, object()])
def test_a_timeout_of_the_wrong_type_is_a_type_error(client: Client, span: Any) -> None:
    with pytest.raises(TypeError, match=r"^timeout must be a number of seconds"):
        client.get_token(timeout=span)


def granted(sandbox: Sandbox, scopes: Any) -> tuple[str, ...]:
    settings: Any = {
        "environment": "staging",
        "client_id": "sandbox-pass",
        "client_secret": "sandbox-pass-secret & more=100%",
        "user_agent": "seekauth-tests/1.0",
        "base_url": sandbox.urls["pass"],
    }
    with Client.seek_pass(**settings, scopes=scopes) as client:
        return client.get_token().scopes


def test_scopes_are_a_str_or_any_iterable_of_str(sandbox: Sandbox) -> None:
    def generated() -> Iterator[str]:
        yield "write.education"
        yield "write.career_history"

    wanted = ("write.career_history", "write.education")
    for scopes in (
        "write.education write.career_history",
        ["write.education", "write.career_history"],
        ("write.career_history", "write.education"),
        {"write.career_history", "write.education"},
        generated(),
    ):
        assert granted(sandbox, scopes) == wanted


def test_an_error_while_iterating_is_the_callers_own(sandbox: Sandbox) -> None:
    def failing() -> Iterator[str]:
        yield "write.education"
        raise KeyError("theirs")

    with pytest.raises(KeyError, match="theirs"):
        granted(sandbox, failing())


def test_text_that_utf_8_cannot_write_is_refused_without_showing_it(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidArgumentError, match="client_secret") as raised:
        sandbox.client(client_secret=f"{PLANTED}\udc80")
    assert PLANTED not in repr(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_the_environment_is_read_and_overridden(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**sandbox.settings, "service": "seek_api"}.items():
        monkeypatch.setenv(f"SEEKAUTH_{name.upper()}", value)
    with Client.from_env() as client:
        assert client.authorization().startswith("Bearer ")
    monkeypatch.setenv("SEEKAUTH_CLIENT_ID", "somebody-else")
    with Client.from_env(client_id="sandbox-live") as client:
        assert client.authorization().startswith("Bearer ")
    monkeypatch.delenv("SEEKAUTH_CLIENT_SECRET")
    with pytest.raises(InvalidArgumentError, match="SEEKAUTH_CLIENT_SECRET"):
        Client.from_env()


class HiddenSecret:
    """As pydantic's `SecretStr`."""

    def __init__(self, value: object) -> None:
        self._value = value

    def get_secret_value(self) -> Any:
        return self._value

    def __str__(self) -> str:
        return "**********"


def test_a_secret_may_hide_itself(sandbox: Sandbox) -> None:
    secret = HiddenSecret(sandbox.settings["client_secret"])
    assert sandbox.client(client_secret=secret).authorization().startswith("Bearer ")
    settings: Any = {**sandbox.settings}
    del settings["client_id"], settings["client_secret"]
    credentials = Credentials(client_id="sandbox-live", client_secret=secret)
    with Client.seek_api(**settings, credentials=lambda: credentials) as client:
        assert client.authorization().startswith("Bearer ")
    with pytest.raises(TypeError, match=r"^client_secret must be a str, not HiddenSecret$"):
        sandbox.client(client_secret=HiddenSecret(1))


def test_files_may_be_path_objects(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch(0o600)
    path.write_text(sandbox.settings["client_secret"])
    client = sandbox.client(client_secret=None, client_secret_file=path)
    assert client.authorization().startswith("Bearer ")
    # A path in the place of a secret is a mistake.
    with pytest.raises(TypeError, match=r"^client_secret must be a str, not PosixPath$"):
        sandbox.client(client_secret=path)


def test_the_environment_may_have_another_prefix(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**sandbox.settings, "service": "seek_api"}.items():
        monkeypatch.setenv(f"ACME_SEEK_{name.upper()}", value)
    with Client.from_env(prefix="ACME_SEEK_") as client:
        assert client.authorization().startswith("Bearer ")
    with (
        pytest.raises(seekauth.InvalidCredentialsError),
        Client.from_env("ACME_SEEK_", client_secret="another") as client,
    ):
        client.get_token()
    with pytest.raises(InvalidArgumentError, match="underscore"):
        Client.from_env(prefix="ACME")
    with pytest.raises(TypeError, match=r"^prefix must be a str, not int$"):
        Client.from_env(prefix=1)  # type: ignore[arg-type]
    monkeypatch.delenv("ACME_SEEK_CLIENT_SECRET")
    with pytest.raises(InvalidArgumentError, match="ACME_SEEK_CLIENT_SECRET"):
        Client.from_env(prefix="ACME_SEEK_")


def test_a_misspelt_variable_is_a_warning_at_the_line_that_makes_the_client(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**sandbox.settings, "service": "seek_api", "timeout_ms": "5"}.items():
        monkeypatch.setenv(f"SEEKAUTH_{name.upper()}", value)
    with pytest.warns(seekauth.SeekAuthWarning, match=r"SEEKAUTH_TIMEOUT_MS") as warned:
        Client.from_env().close()
    assert [warning.filename for warning in warned] == [__file__]
