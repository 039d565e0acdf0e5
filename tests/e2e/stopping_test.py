"""How the server ends: in order, or at once where nobody can be waited for."""
import contextlib
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, Stack, free_port  # noqa: E402


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

    def test_a_file_that_may_not_grow_is_an_error_and_no_crash(self):
        """RLIMIT_FSIZE: what a write says, not what a signal does"""
        done = subprocess.run([str(BIN / "keyfob-server"), "--demo", "--listen", f"127.0.0.1:{free_port()}"], env=self.stack.env, capture_output=True,
                              text=True, timeout=60, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("error: ", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
