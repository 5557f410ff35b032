"""The error classes against the core's table."""

from __future__ import annotations

import builtins
import copy
import pickle
from typing import TYPE_CHECKING

import pytest

import seekauth
from seekauth import SeekAuthError, _native, errors

if TYPE_CHECKING:
    from sandbox import Sandbox

BUILTIN = {
    "invalid_argument": ValueError,
    "timeout": builtins.TimeoutError,
    "network": ConnectionError,
}
CLASSES = SeekAuthError.__subclasses__()


def named(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_")) + "Error"


def test_every_kind_of_the_core_has_its_class_and_no_class_is_left_over() -> None:
    assert len(_native.ERROR_KINDS) >= 14
    found = {(cls.code, cls.kind, cls.meaning, cls.retryable) for cls in CLASSES}
    assert found == set(_native.ERROR_KINDS)
    assert len(CLASSES) == len(_native.ERROR_KINDS)


@pytest.mark.parametrize("cls", CLASSES)
def test_each_class_is_described_by_the_sentence_of_the_core(cls: type[SeekAuthError]) -> None:
    described = (cls.__doc__ or "").splitlines()[0]
    assert described == f"{cls.meaning[0].upper()}{cls.meaning[1:]}."


@pytest.mark.parametrize("row", _native.ERROR_KINDS)
def test_the_native_half_raises_the_class_of_the_kind(row: tuple[int, str, str, bool]) -> None:
    code, kind, _, retryable = row
    error = errors.from_kind(kind, "a line", retryable=retryable, status=418)
    assert type(error).__name__ == named(kind)
    assert getattr(seekauth, named(kind)) is type(error)
    assert named(kind) in seekauth.__all__
    assert (error.code, error.kind, error.retryable, error.status) == (code, kind, retryable, 418)
    assert str(error) == error.message == "a line"
    for cls in BUILTIN.values():
        assert isinstance(error, cls) is (BUILTIN.get(kind) is cls)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("how", [*range(pickle.HIGHEST_PROTOCOL + 1), copy.copy, copy.deepcopy])
def test_errors_survive_pickling_and_copying(cls: type[SeekAuthError], how: object) -> None:
    facts = {
        "retryable": True,
        "retry_after": 1.5,
        "status": 429,
        "server_code": "too_many_requests",
        "target": "https://example.test client x",
    }
    error = errors.from_kind(cls.kind, "a line", **facts)
    again = how(error) if callable(how) else pickle.loads(pickle.dumps(error, how))  # type: ignore[arg-type]
    assert type(again) is cls
    assert str(again) == again.message == "a line"
    assert {name: getattr(again, name) for name in facts} == facts


def test_a_program_may_make_its_own_for_its_tests() -> None:
    error = seekauth.ThrottledError("slow down", retry_after=3)
    assert error.retryable
    assert error.retry_after == 3
    assert error.status is None
    assert not seekauth.NotGrantedError("no").retryable


def test_an_error_carries_what_the_server_said(sandbox: Sandbox) -> None:
    sandbox.script(error="too_many_requests", headers={"retry-after": "280"})
    with sandbox.client() as client, pytest.raises(seekauth.ThrottledError) as raised:
        client.get_token(timeout=60)
    error = raised.value
    assert error.retryable
    assert error.status == 429
    assert error.server_code == "too_many_requests"
    assert error.retry_after is not None
    assert 180 < error.retry_after <= 280
    assert error.target is not None
    assert "sandbox-live" in error.target


def test_a_wrong_secret_is_not_in_its_error(sandbox: Sandbox) -> None:
    wrong = "wr0ng-s3cret"
    client = sandbox.client(client_secret=wrong)
    with client, pytest.raises(seekauth.InvalidCredentialsError) as raised:
        client.get_token()
    assert raised.value.status == 401
    assert not raised.value.retryable
    assert wrong not in repr(raised.value) + str(vars(raised.value))


def test_a_network_failure_is_a_connection_error(sandbox: Sandbox) -> None:
    sandbox.script(drop="before", times=0)
    with sandbox.client() as client, pytest.raises(ConnectionError) as raised:
        client.get_token()
    assert isinstance(raised.value, SeekAuthError)


def test_a_deadline_is_a_timeout_error_and_not_the_end_of_the_fetch(sandbox: Sandbox) -> None:
    sandbox.script(hold=True)
    with sandbox.client() as client:
        with pytest.raises(builtins.TimeoutError) as raised:
            client.get_token(timeout=0.05)
        assert isinstance(raised.value, seekauth.TimeoutError)
        sandbox.release_once_asked()
        client.get_token()
    assert sandbox.requests() == 1
