"""A program whose threads are greenlets, patched by gevent or eventlet as its argument says. Whatever one greenlet
waits for, the others must go on.
"""

# ruff: noqa: E402 - what is imported has to find the standard library patched

import sys

KIND = sys.argv[1]
if KIND == "gevent":
    from gevent import monkey

    monkey.patch_all()
else:
    import eventlet

    eventlet.monkey_patch()

import os
import threading
import time
from _queue import SimpleQueue  # The native one, which stops the whole thread.
from contextlib import contextmanager

import httpx
import requests
import seekauth
import seekauth.httpx
import seekauth.requests

from harness.sandbox import Sandbox

TURNS = 20
"""Of another greenlet: enough to show that it runs."""
GRAPHQL = "graphql"
QUERY = "{ self { partner { name } } }"


def spawn(function, *arguments):
    """A greenlet as programs of this kind make them, or by accident: threads are greenlets."""
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    return thread


def killable(function, *arguments):
    """What kills the greenlet that it makes."""
    if KIND == "gevent":
        import gevent

        return gevent.spawn(function, *arguments).kill
    return eventlet.spawn(function, *arguments).kill


class Ticker:
    """Another greenlet, which counts its turns."""

    def __init__(self):
        self.turns = 0
        self._over = False
        self._thread = spawn(self._tick)

    def _tick(self):
        while not self._over:
            self.turns += 1
            time.sleep(0.001)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over = True
        self._thread.join()

    def wait_for_turns(self):
        until = self.turns + TURNS
        while self.turns < until:
            time.sleep(0.001)


@contextmanager
def held(sandbox, endpoint="seek_api_token"):
    """A block during which the endpoint's next response is held, until another greenlet has had its turns."""
    sandbox.reset()
    sandbox.script(endpoint=endpoint, hold=True)
    with Ticker() as ticker:

        def release():
            try:
                sandbox.wait_for_requests(1, endpoint)
                ticker.wait_for_turns()
            finally:
                sandbox.release()

        releasing = spawn(release)
        yield
        releasing.join()
        assert ticker.turns >= TURNS


def failure(cls, function):
    """The error of that class that it raises."""
    try:
        function()
    except cls as error:
        return error
    raise AssertionError(f"it was to raise {cls}")


def client(sandbox, **settings):
    return seekauth.Client.seek_api(**{**sandbox.settings, **settings})


def a_program_of_one_greenlet_waits(sandbox):
    sandbox.script(delay_ms=50)
    assert client(sandbox).authorization().startswith("Bearer ")


def the_others_run_while_200_wait_for_a_token(sandbox):
    one, values = client(sandbox), []
    with held(sandbox):
        waiting = [spawn(lambda: values.append(one.authorization())) for _ in range(200)]
        for thread in waiting:
            thread.join()
    assert len(values) == 200
    assert len(set(values)) == 1
    assert sandbox.requests() == 1


def the_others_run_during_an_operation(sandbox):
    with held(sandbox, GRAPHQL):
        assert client(sandbox).graphql(QUERY).raise_for_errors().data


def the_others_run_while_requests_waits_for_a_token(sandbox):
    one = client(sandbox)
    with held(sandbox), requests.Session() as api:
        api.auth = seekauth.requests.SeekAuth(one)
        assert api.post(one.api_url, json={"query": QUERY}).json()["data"]


def the_others_run_while_httpx_waits_for_a_token(sandbox):
    one = client(sandbox)
    with held(sandbox), httpx.Client(auth=seekauth.httpx.SeekAuth(one)) as api:
        assert api.post(one.api_url, json={"query": QUERY}).json()["data"]


def credentials_may_need_another_greenlets_lock(sandbox):
    lock, settings = threading.Lock(), dict(sandbox.settings)
    found = {name: settings.pop(name) for name in ("client_id", "client_secret")}

    def credentials():
        asked.append(True)
        with lock:
            return seekauth.Credentials(**found)

    def hold():
        with lock:
            holding.append(True)
            while not asked:
                time.sleep(0.001)
            ticker.wait_for_turns()

    for _ in range(3):
        asked, holding = [], []
        with Ticker() as ticker:
            holder = spawn(hold)
            while not holding:
                time.sleep(0.001)
            with seekauth.Client.seek_api(**settings, credentials=credentials) as one:
                assert one.authorization().startswith("Bearer ")
            holder.join()


def credentials_are_had_while_no_greenlet_runs(sandbox):
    settings, done = dict(sandbox.settings), SimpleQueue()
    found = {name: settings.pop(name) for name in ("client_id", "client_secret")}
    one = seekauth.Client.seek_api(**settings, credentials=lambda: seekauth.Credentials(**found))
    one._get_token_then(None, lambda token, error: done.put((token, error)))
    token, error = done.get(timeout=60)
    assert token is not None, error


def one_that_is_killed_gives_up_its_own_wait_only(sandbox):
    one, values = client(sandbox), []
    with held(sandbox):
        kill = killable(lambda: values.append(one.authorization()))
        other = spawn(lambda: values.append(one.authorization()))
        sandbox.wait_for_requests(1)
        kill()
        other.join()
    assert len(values) == 1
    assert sandbox.requests() == 1


def a_failure_is_an_error_of_the_greenlet(sandbox):
    with client(sandbox, client_secret="wrong") as one:
        assert failure(seekauth.InvalidCredentialsError, one.get_token).status == 401


def a_time_out_is_kept(sandbox):
    sandbox.script(hold=True)
    with client(sandbox) as one, Ticker() as ticker:
        failure(seekauth.TimeoutError, lambda: one.get_token(timeout=0.2))
        assert ticker.turns >= TURNS
    sandbox.release()


def a_forked_child_waits_too(sandbox):
    one = client(sandbox)
    one.get_token()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            with held(sandbox), client(sandbox) as own:
                assert own.authorization().startswith("Bearer ")
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    with held(sandbox), client(sandbox) as another:
        assert another.authorization().startswith("Bearer ")


CHECKS = (
    a_program_of_one_greenlet_waits,
    the_others_run_while_200_wait_for_a_token,
    the_others_run_during_an_operation,
    the_others_run_while_requests_waits_for_a_token,
    the_others_run_while_httpx_waits_for_a_token,
    credentials_may_need_another_greenlets_lock,
    credentials_are_had_while_no_greenlet_runs,
    one_that_is_killed_gives_up_its_own_wait_only,
    a_failure_is_an_error_of_the_greenlet,
    a_time_out_is_kept,
    a_forked_child_waits_too,
)


def main():
    with Sandbox() as sandbox:
        for check in CHECKS:
            sandbox.reset()
            check(sandbox)
            print(check.__name__.replace("_", " "), flush=True)


main()
