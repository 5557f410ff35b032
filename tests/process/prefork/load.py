"""The users of a server: several at once, each with a connection for every request, who take the
header value that they get to the API. A request without a response is a hang and ends the run.
"""

import threading
import time
from http.client import HTTPConnection, HTTPException

AT_ONCE = 8
HANG_S = 60
"""Less than a client's own time limit, which scenario.py sets: after that a request that hangs would
look like one that failed."""


class Load:
    """What came of the requests: how many were served, by which workers, and what went wrong."""

    def __init__(self, server, sandbox):
        self.served = 0
        self.errors = []
        self.hangs = []
        self.workers = set()
        self._server = server
        self._sandbox = sandbox
        self._lock = threading.Lock()
        self._begun = 0
        self._over = threading.Event()

    def run(self, requests, pause_s=0.0):
        """Makes so many requests (`None`: until it is stopped), and as many more as it takes until
        a second worker has served; between two of its own each user pauses."""
        threads = [threading.Thread(target=self._use, args=(requests, pause_s)) for _ in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        return threads

    def stop(self):
        """No further requests."""
        self._over.set()

    @property
    def over(self):
        return self._over.is_set()

    def _use(self, requests, pause_s):
        while not self._over.is_set():
            with self._lock:
                if requests is not None and self._begun >= requests and len(self.workers) > 1:
                    return
                self._begun += 1
            try:
                self._request()
            except Exception as error:
                # A thread that ended with a traceback would leave the table right.
                self._fail(self.errors, repr(error))
            self._over.wait(pause_s)

    def _request(self):
        connection = HTTPConnection(*self._server.address, timeout=HANG_S)
        port = None
        try:
            connection.connect()
            port = connection.sock.getsockname()[1]
            connection.request("GET", "/", headers={"Connection": "close"})
            response = connection.getresponse()
            text = response.read().decode()
        except TimeoutError:
            self._fail(self.hangs, f"no response within {HANG_S} s from {self._server.holder(port)}")
            return
        except (OSError, HTTPException) as error:
            self._fail(self.errors, f"{type(error).__name__}: {error}")
            return
        finally:
            connection.close()
        if response.status != 200:
            self._fail(self.errors, f"status {response.status}: {' '.join(text.split())[:300]}")
            return
        worker, _, authorization = text.partition(" ")
        if not self._sandbox.accepts(authorization):
            self._fail(self.errors, f"worker {worker} gave out a token that the API refused")
            return
        with self._lock:
            self.served += 1
            self.workers.add(worker)

    def _fail(self, where, what):
        with self._lock:
            where.append(what)
        if where is self.hangs or len(where) >= AT_ONCE:
            self._over.set()


def finished(threads, limit_s):
    """Waits for the users, so long at most."""
    deadline = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)
