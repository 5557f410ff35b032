"""The error classes against the core's table."""

from __future__ import annotations

import builtins
import copy
import pickle
import traceback
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
        "request_id": "1b4e28ba-2fa1-4d6a-883f-0016d3cca427",
        "server_message": "No.",
        "server_path": "self.hirer",
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


def rejecting(sandbox: Sandbox, **entry: object) -> None:
    error = {**entry, "extensions": {"code": "UNAUTHENTICATED"}}
    sandbox.script(endpoint="graphql", json={"errors": [error], "data": None}, times=0)


def test_a_rejection_carries_the_words_of_the_server_and_shows_none_of_them(
    sandbox: Sandbox,
) -> None:
    rejecting(sandbox, message="Not with this one", path=["self", "hirer", 0])
    with sandbox.client() as client, pytest.raises(seekauth.TokenRejectedError) as raised:
        client.graphql("{ self { __typename } }", headers={"X-Request-Id": "mine"}, timeout=9)
    error = raised.value
    assert (error.status, error.server_code) == (200, "UNAUTHENTICATED")
    assert (error.server_message, error.server_path) == ("Not with this one", "self.hirer.0")
    assert error.request_id == "mine"
    assert "wrong audience" in str(error)
    shown = str(error) + repr(error) + "".join(traceback.format_exception(error))
    assert "this one" not in shown
    assert "self.hirer" not in shown


def test_words_of_the_server_that_repeat_a_secret_are_withheld(sandbox: Sandbox) -> None:
    rejecting(sandbox, message="SANDBOX-LIVE-SECRET?", path=["sandbox_live_secret"])
    with sandbox.client() as client, pytest.raises(seekauth.TokenRejectedError) as raised:
        client.graphql("{ self { __typename } }", timeout=9)
    assert (raised.value.server_message, raised.value.server_path) == (None, None)


def test_a_response_has_its_request_id(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        response = client.graphql("{ self { __typename } }")
        assert len(response.request_id or "") == 36
        sandbox.script(endpoint="graphql", error="FORBIDDEN")
        with pytest.raises(seekauth.GraphQLError) as raised:
            client.graphql("{ a }", headers={"X-Request-Id": "mine"}).raise_for_errors()
    assert raised.value.request_id == "mine"
    assert pickle.loads(pickle.dumps(raised.value)).request_id == "mine"


def test_a_time_out_says_whose_it_is(sandbox: Sandbox) -> None:
    sandbox.script(hold=True)
    with sandbox.client(timeout=0.06, request_timeout=60) as client:
        url = client.api_url
        assert url is not None
        for ask, says in (
            (
                lambda: client.get_token(timeout=0.05),
                "50 ms, .* timeout of the call itself",
            ),
            (client.get_token, "60 ms, .* the client's setting timeout"),
            (
                lambda: client.auth_flow(url).authorization(timeout=0.04),
                "40 ms, which is the time-out of the HTTP client",
            ),
            (
                lambda: client.auth_flow(url).authorization(timeout=9),
                "the client's setting timeout",
            ),
        ):
            with pytest.raises(seekauth.TimeoutError, match=says):
                ask()
        sandbox.release_once_asked()
