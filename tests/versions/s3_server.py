"""An S3-compatible server on loopback, and a relay before it that fails as networks and clocks do."""

import contextlib
import http.client
import logging
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

BUCKET = "reid"
_SKEWED = (
    b"<Error><Code>RequestTimeTooSkewed</Code>"
    b"<Message>The difference between the request time and the current time is too large.</Message></Error>"
)


class Relay:
    """Passes requests on to a server. `breaks` ends so many connections in the middle of an object that is sent, and
    `passes` every one after so many objects; `skewed` says that the clocks differ; `stored` counts how often each
    object was sent whole."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.breaks = 0
        self.passes: int | None = None
        self.skewed = False
        self.stored: Counter[str] = Counter()
        self._lock = threading.Lock()

    def due(self) -> bool:
        """Whether this upload is one of those to break."""
        with self._lock:
            due = self.breaks > 0
            self.breaks -= due
            return due or (self.passes is not None and self.stored.total() >= self.passes)

    def came(self, path: str) -> None:
        """An object was sent whole."""
        with self._lock:
            self.stored[path.rpartition("/")[2]] += 1


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every body waits 40 ms for the client to acknowledge the headers
    relay: Relay

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        self._pass()

    def do_HEAD(self) -> None:
        self._pass()

    def do_PUT(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def do_DELETE(self) -> None:
        self._pass()

    def _pass(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        sent = self.command == "PUT" and "/objects/" in self.path
        if sent and self.relay.due():
            self.rfile.read(length // 2)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        body = self.rfile.read(length)
        if self.relay.skewed:
            self._send(403, [("content-type", "application/xml")], b"" if self.command == "HEAD" else _SKEWED)
            return
        status, headers, data = self._forward(body)
        if sent and status == 200:
            self.relay.came(urlsplit(self.path).path)
        self._send(status, headers, data)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        place = urlsplit(self.relay.server)
        upstream = http.client.HTTPConnection(str(place.hostname), place.port)
        kept = {key: value for key, value in self.headers.items() if key.lower() != "expect"}
        upstream.request(self.command, self.path, body=body, headers=kept)
        answer = upstream.getresponse()
        found = answer.status, answer.getheaders(), answer.read()
        upstream.close()
        return found

    def _send(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        self.send_response_only(status)
        plain = {"connection", "transfer-encoding", "content-length"}
        for key, value in headers:
            if key.lower() not in plain or (key.lower() == "content-length" and self.command == "HEAD"):
                self.send_header(key, value)
        if self.command != "HEAD":
            self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextlib.contextmanager
def serve_s3() -> Iterator[str]:
    """The address of a running server without anything in it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@contextlib.contextmanager
def relayed(relay: Relay) -> Iterator[str]:
    """The address of a running relay."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Passing", (_Passing,), {"relay": relay}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
