"""How the agent ends: at once, whatever its servers do, and the next command finds another."""
import json
import pathlib
import signal
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import WAIT, Stack  # noqa: E402


def connect(stack):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(WAIT)
    client.connect(str(stack.runtime / "keyfob" / "agent.sock"))
    return client


def send(client, method, **parameters):
    client.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode() + b"\n")


class Ending(unittest.TestCase):
    def test_a_server_that_hangs_holds_nobody_up(self):
        for end in ("stop", signal.SIGTERM):
            with self.subTest(end), Stack() as stack, socket.create_server(("127.0.0.1", 0)) as server:
                server.settimeout(WAIT)
                stack.start_agent()
                with connect(stack) as waiting, connect(stack) as other:
                    send(waiting, "login.start", server=f"http://127.0.0.1:{server.getsockname()[1]}")
                    hanging, _ = server.accept()
                    with hanging:
                        if end == "stop":
                            send(other, "stop")
                            self.assertEqual(json.loads(other.makefile().readline())["result"], {})
                        else:
                            stack.agent.process.send_signal(end)
                        self.assertEqual(waiting.recv(1), b"")  # it has ended, and the request still runs
                        status = json.loads(stack.command("status", "--json", check=0).stdout)
                        self.assertNotEqual(status["agent"]["pid"], stack.agent.process.pid)
                        self.assertEqual(stack.agent.process.wait(WAIT), 0)
                with connect(stack) as last:
                    send(last, "stop")
                    last.makefile().read()


if __name__ == "__main__":
    unittest.main(verbosity=2)
