"""`Credentials` as a Python object, and how long a client holds the function that gives them."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sandbox import SECRET
from store import ID, Store, asking, asking_for_pass, good, good_for_pass

from seekauth import (
    CancelledError,
    Credentials,
    InvalidArgumentError,
    InvalidCredentialsError,
)

if TYPE_CHECKING:
    from sandbox import Sandbox

PLANTED = "pl4nted-s3cret"


def test_nothing_shows_credentials(sandbox: Sandbox) -> None:
    credentials = Credentials(client_id=ID, client_secret=PLANTED, client_secret_next=PLANTED)
    for text in (repr(credentials), str(credentials), f"{credentials}", repr(dir(credentials))):
        assert PLANTED not in text
        assert ID not in text
    assert not hasattr(credentials, "__dict__")
    immutable: Any = credentials
    with pytest.raises(AttributeError):
        immutable.client_secret = "x"
    with asking(sandbox, lambda: credentials) as client:
        assert PLANTED not in repr(client)
        with pytest.raises(InvalidCredentialsError) as raised:
            client.authorization()
        assert PLANTED not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_they_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match=r"cannot pickle seekauth\.Credentials"):
        pickle.dumps(good(), protocol)


def test_a_copy_is_the_same_object() -> None:
    credentials = good()
    assert copy.copy(credentials) is credentials
    assert copy.deepcopy([credentials])[0] is credentials


def test_they_take_three_texts_by_name() -> None:
    make: Any = Credentials
    with pytest.raises(TypeError, match="positional") as raised:
        make(ID, PLANTED)
    assert PLANTED not in str(raised.value)
    with pytest.raises(TypeError, match="client_secret"):
        make(client_id=ID)
    for name in ("client_id", "client_secret", "client_secret_next"):
        texts = {"client_id": ID, "client_secret": SECRET}
        with pytest.raises(TypeError, match=rf"^{name} must be a str, not bytes$"):
            make(**{**texts, name: PLANTED.encode()})
        with pytest.raises(InvalidArgumentError, match=rf"^{name} has a lone surrogate") as got:
            make(**{**texts, name: f"{PLANTED}\udc80"})
        assert PLANTED not in repr(got.value)
    assert make(client_id=ID, client_secret=SECRET, client_secret_next=None)
    with pytest.raises(TypeError):
        type("Mine", (make,), {})


def test_closing_lets_go_of_the_function(sandbox: Sandbox) -> None:
    store = Store()
    watched = weakref.ref(store)
    client = asking(sandbox, store)
    client.authorization()
    del store
    assert watched() is not None
    client.close()
    assert watched() is None


def test_closing_ends_the_wait_for_a_function_that_is_running(sandbox: Sandbox) -> None:
    store = Store()
    store.open.clear()
    client = asking(sandbox, store, request_timeout=600, timeout=600)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.authorization)
        store.asked.wait()
        client.close()
        with pytest.raises(CancelledError):
            waiting.result(timeout=60)
    opened = store.open
    done = threading.Event()
    weakref.finalize(store, done.set)
    del store
    assert not done.is_set()
    opened.set()
    # It is dropped as soon as it has ended.
    assert done.wait(60)


def test_closing_a_client_of_other_scopes_does_not(sandbox: Sandbox) -> None:
    def function() -> Credentials:
        return good_for_pass()

    watched = weakref.ref(function)
    with asking_for_pass(sandbox, function) as client:
        del function
        derived = client.with_scopes("write.right_to_work")
        derived.close()
        assert watched() is not None
        assert client.authorization().startswith("Bearer ")
    assert watched() is None


def test_a_client_that_is_collected_lets_go_of_the_function(sandbox: Sandbox) -> None:
    store = Store()
    watched = weakref.ref(store)
    client = asking(sandbox, store)
    client.authorization()
    del store, client
    assert watched() is None


class Service:
    """An owner of clients that call its own method."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.client = asking_for_pass(sandbox, self.credentials)
        self.others = [self.client.with_scopes("write.right_to_work") for _ in range(10)]

    def credentials(self) -> Credentials:
        assert self.client.cached_token() is None
        return good_for_pass()


def test_a_client_that_its_function_reaches_is_collected(sandbox: Sandbox) -> None:
    service = Service(sandbox)
    service.client.authorization()
    watched = weakref.ref(service), weakref.ref(service.client)
    del service
    gc.collect()
    assert [reference() for reference in watched] == [None, None]


def test_a_client_that_is_in_use_keeps_the_function(sandbox: Sandbox) -> None:
    other = Service(sandbox).others.pop()
    gc.collect()
    assert other.authorization().startswith("Bearer ")
