"""How the server ends: in order, or at once where nobody can be waited for."""
import contextlib
import http.client
import itertools
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, Stack, free_port  # noqa: E402


class BusyClient:
    """Sends one request after the other on one connection until an answer says that it is the last."""

    PATHS = ("/livez", "/readyz", "/.well-known/oauth-authorization-server", "/secured", "/nothing")

    def __init__(self, port):
        self.lost = None
        self.is_warm = threading.Event()
        self._port = port
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self):
        self._thread.join(60)
        return not self._thread.is_alive()

    def _run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        for count in itertools.count():
            if count == 20:
                self.is_warm.set()
            path = self.PATHS[count % len(self.PATHS)]
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.lost = f"{path}, the {count}th: {error!r}"
                return
            if answer.headers["Connection"] == "close":
                return


class Stopping(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack(keychain=False))

    def start_with_silent_provider(self):
        """A server that waits for a provider which takes the connection and says nothing."""
        silent = self.enterContext(contextlib.closing(socket.create_server(("127.0.0.1", 0))))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self.stack.start_server(f'''external_url = "{url}"
listen = "127.0.0.1:{port}"
[database]
url = "sqlite:{self.stack.home}/keyfob.db"
[[provider]]
id = "silent"
issuer = "https://127.0.0.1:{silent.getsockname()[1]}"
client_id = "keyfob"
allow_addresses = ["127.0.0.1"]
[http]
stop_deadline = "2s"
''', url)
        self.enterContext(silent.accept()[0])
        return self.stack.server

    def test_a_silent_provider_does_not_keep_it(self):
        """OP-08: after its deadline the process ends, with exit 0"""
        server = self.start_with_silent_provider()
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("stop_deadline_passed")
        self.assertEqual(server.finish()[0], 0)

    def test_a_second_signal_ends_it_at_once(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(how):
                server = self.start_with_silent_provider()
                server.process.send_signal(how)
                server.wait_for('"stopping"')
                server.process.send_signal(how)
                code, output = server.finish()
                self.assertEqual(code, -how)
                self.assertNotIn("stop_deadline_passed", output.split('"stopping"')[-1])

    def test_without_work_it_ends_in_order(self):
        server = self.stack.start_demo_server()
        server.process.send_signal(signal.SIGTERM)
        code, output = server.finish()
        self.assertEqual(code, 0)
        self.assertNotIn("stop_deadline_passed", output)

    def test_under_load_no_request_is_lost(self):
        """OP-08: each request that was sent on an open connection is answered, the last of each with Connection: close"""
        server = self.stack.start_demo_server()
        port = int(self.stack.server_url.rsplit(":", 1)[1])
        clients = [BusyClient(port) for _ in range(24)]
        for client in clients:
            client.is_warm.wait(60)
        server.process.send_signal(signal.SIGTERM)
        code, output = server.finish()
        lost = [client.lost for client in clients if client.finish()]
        self.assertEqual([reason for reason in lost if reason], [])
        self.assertEqual(len(lost), 24)
        self.assertEqual(code, 0)
        self.assertNotIn("stop_deadline_passed", output)

    def test_a_file_that_may_not_grow_is_an_error_and_no_crash(self):
        """RLIMIT_FSIZE: what a write says, not what a signal does"""
        done = subprocess.run([str(BIN / "keyfob-server"), "--demo", "--listen", f"127.0.0.1:{free_port()}"], env=self.stack.env, capture_output=True,
                              text=True, timeout=60, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("error: ", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
