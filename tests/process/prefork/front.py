"""HTTP for the servers that have none of their own: answers connections of a socket that is
listening already with what a function returns, or with 500 and what it raised.
"""

from http.server import BaseHTTPRequestHandler
from threading import Thread


def serve(listener, respond):
    """Answers one connection after the other, for ever."""
    while True:
        connection, address = listener.accept()
        _handle(connection, address, respond)


def serve_with_threads(listener, respond):
    """Answers each connection in a thread of its own, for ever."""
    while True:
        connection, address = listener.accept()
        Thread(target=_handle, args=(connection, address, respond), daemon=True).start()


def _handle(connection, address, respond):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                status, body = 200, respond().encode()
            except Exception as error:
                status, body = 500, repr(error).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with connection:
        Handler(connection, address, None)
