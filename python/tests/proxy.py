"""A forward proxy that writes down what it is sent."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass
class Recorded:
    """One connection to the proxy."""

    head: bytes
    """The request to the proxy itself."""
    sent: bytes = b""
    """What was sent through it."""


class Proxy:
    """Opens tunnels, and refuses requests of every other kind. `close()` ends it."""

    def __init__(self) -> None:
        self.recorded: list[Recorded] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for connection in (self._socket, *self._connections):
            _shut_down(connection)
        for thread in self._threads:
            thread.join()
        for connection in (self._socket, *self._connections):
            connection.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = _receive(connection)
            if not chunk:
                break
            head += chunk
        recorded = Recorded(head)
        self.recorded.append(recorded)
        method, _, rest = head.partition(b" ")
        if method != b"CONNECT":
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            _shut_down(connection)
            return
        host, _, port = rest.partition(b" ")[0].decode().rpartition(":")
        server = socket.create_connection((host, int(port)))
        self._connections.append(server)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        self._start(_pass_on, server, connection, Recorded(b""))
        _pass_on(connection, server, recorded)


def _pass_on(source: socket.socket, target: socket.socket, recorded: Recorded) -> None:
    while chunk := _receive(source):
        recorded.sent += chunk
        try:
            target.sendall(chunk)
        except OSError:
            break
    _shut_down(source)
    _shut_down(target)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 16)
    except OSError:
        return b""


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It is over already.
        return
