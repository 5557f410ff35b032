"""An API of a test's own, with responses that the sandbox does not have: compressed bodies, HTTP
chunks of a test's choosing, and bodies whose end does not come.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from email.message import Message

    from typing_extensions import Self

GOOD: Final = b'{"data":{"self":{"partner":{"name":"Acme"}}}}'
REJECTION: Final = b'{"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}],"data":null}'


@dataclass
class Response:
    """The response to one request."""

    chunks: list[bytes] = field(default_factory=lambda: [GOOD])
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = False
    """Each chunk is an HTTP chunk; otherwise the body has a Content-Length."""
    goes_on: threading.Event | None = None
    """The event that the last chunk waits for."""
    breaks_off: bool = False
    """The connection is closed before the last chunk."""


@dataclass
class Received:
    """One request that has arrived."""

    method: str
    path: str
    headers: Message
    body: bytes
    connection: int


class Server:
    """Sends the `responses` in their order, then `GOOD` ones. `close()` ends it."""

    def __init__(self) -> None:
        self.responses: list[Response] = []
        self.responded = threading.Event()
        """Set as soon as a response has begun."""
        self.received: list[Received] = []
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/graphql"

    def next_response(self) -> Response:
        return self.responses.pop(0) if self.responses else Response()

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Http(ThreadingHTTPServer):
    # As many as a test may send at once.
    request_queue_size = 128


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    numbers = count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A client that keeps its connection open must not keep the test from ending.
        timeout = 60

        def setup(self) -> None:
            super().setup()
            self.number = next(numbers)

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                # The client has closed the connection, which many of the tests are about.
                self.close_connection = True

        def do_POST(self) -> None:
            received = Received(self.command, self.path, self.headers, self._body(), self.number)
            server.received.append(received)
            self._send(server.next_response())

        do_GET = do_POST  # noqa: N815 - as above, the server's name for it

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", "0")))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _send(self, response: Response) -> None:
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if response.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(sum(map(len, response.chunks))))
            self.end_headers()
            for number, chunk in enumerate(response.chunks, 1):
                if number == len(response.chunks):
                    if response.breaks_off:
                        self.close_connection = True
                        return
                    server.responded.set()
                    if response.goes_on is not None:
                        response.goes_on.wait()
                self.wfile.write(
                    b"%x\r\n%s\r\n" % (len(chunk), chunk) if response.chunked else chunk
                )
            if response.chunked:
                self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            pass

    return Handler
