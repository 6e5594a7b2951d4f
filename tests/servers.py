"""Servers on the loopback address that behave in ways of their own, one connection each."""

import socket
import struct
import threading
from contextlib import contextmanager
from pathlib import Path

from archive_search.crawler import Fetcher

HOST = "portal.test"
CERTIFICATES = Path(__file__).parent / "data" / "fetch"

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock, stopped):
        self.sock = sock
        self._stopped = stopped

    def send(self, data):
        self.sock.sendall(data)

    def drip(self, data, times=100):
        """Send this again and again; all in all that takes longer than any deadline here."""
        for _ in range(times):
            self.send(data)
            self._stopped.wait(0.05)

    def wait(self):
        self._stopped.wait(5)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def serving(behaviour, context=None, **options):
    """Serve one connection: read the request, then behave so. Give a fetcher that connects to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve():
        try:
            sock = listener.accept()[0]
            with context.wrap_socket(sock, server_side=True) if context else sock as sock:
                sock.recv(65536)
                behaviour(Peer(sock, stopped))
        except OSError:
            pass  # The fetcher has had enough.

    thread = threading.Thread(target=serve)
    thread.start()
    fetcher = Fetcher(connect_to={HOST: listener.getsockname()}, **options)
    try:
        yield fetcher
    finally:
        stopped.set()
        fetcher.close()
        thread.join()
        listener.close()


def drip_after(start, drop, end=b""):
    def behaviour(peer):
        peer.send(start)
        peer.drip(drop)
        peer.send(end)

    return behaviour


def send(data, then=lambda peer: None):
    def behaviour(peer):
        peer.send(data)
        then(peer)

    return behaviour
