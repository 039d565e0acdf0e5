"""A session bus that lets everybody in and then never says a word."""
import contextlib
import json
import pathlib
import socket
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import WAIT, Stack  # noqa: E402


class SilentBus:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.left = threading.Event()  # a client has gone
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=[self.socket.accept()[0]], daemon=True).start()

    def _serve(self, client):
        """The words of the D-Bus handshake, and then nothing."""
        welcome = b"OK " + b"0" * 32 + b"\r\n"
        with client, contextlib.suppress(OSError), client.makefile("rb") as lines:
            for line in lines:
                words = line.lstrip(b"\0").split()
                first = words[0] if words else b""
                if first == b"AUTH":  # which ways are there; this one; this one, and here is who I am
                    client.sendall([b"REJECTED EXTERNAL\r\n", b"DATA\r\n", welcome][len(words) - 1])
                elif first in (b"DATA", b"NEGOTIATE_UNIX_FD"):
                    client.sendall(welcome if first == b"DATA" else b"AGREE_UNIX_FD\r\n")
        self.left.set()


class Silence(unittest.TestCase):
    def test_the_caller_is_answered_before_the_bus_is_given_up(self):
        with Stack(keychain=False) as stack:
            bus = SilentBus(stack.runtime / "bus")
            stack.start_agent()
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(WAIT)
                client.connect(str(stack.runtime / "keyfob" / "agent.sock"))
                client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n')
                keychain = json.loads(client.makefile().readline())["result"]["keychain"]
            self.assertEqual(keychain["state"], "timed_out", keychain)
            self.assertFalse(bus.left.is_set())  # GLib itself still waits for the bus
            bus.socket.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
