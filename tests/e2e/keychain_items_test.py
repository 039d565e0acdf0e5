"""What the agent makes of the items that a real keychain holds."""
import base64
import hashlib
import http.server
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import WAIT, Stack  # noqa: E402

SERVER = "http://127.0.0.1:1"  # nobody listens there
ISSUER, SUBJECT = "https://issuer.example", "42"


def id_at(server):
    return base64.urlsafe_b64encode(hashlib.sha256(f"{server}\n{ISSUER}\n{SUBJECT}".encode()).digest()).decode()[:22]


def put_item(stack, email, session, renewed_at, server=SERVER):
    """One account as the agent would keep it."""
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], capture_output=True, text=True, check=True).stdout
    secret = {"version": 1, "server": server, "issuer": ISSUER, "subject": SUBJECT, "name": "Ann", "email": email, "provider": "company",
              "session_id": session, "session_expires_at": renewed_at + 2_592_000, "cookie_name": "keyfob", "cookie": "cookie",
              "cookie_expires_at": renewed_at + 600, "cookie_renewed_at": renewed_at, "challenge": "challenge", "device_key": key}
    subprocess.run(["secret-tool", "store", f"--label=Keyfob: {email}", "--", "xdg:schema", "org.keyfob.Account", "id", id_at(server), "server", server, "user", email],
                   env=stack.bus_env, input=json.dumps(secret), text=True, check=True, timeout=WAIT)


def items(stack):
    return stack.secret_tool("search", "--all", "--", "xdg:schema", "org.keyfob.Account", "id", id_at(SERVER)).stdout.count("label = ")


def call(stack, method):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(WAIT)
        client.connect(str(stack.runtime / "keyfob" / "agent.sock"))
        client.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method}).encode() + b"\n")
        return json.loads(client.makefile().readline())["result"]


class TwoItems(unittest.TestCase):
    def test_newest_counts_and_logout_removes_both(self):
        """AG-13: the e-mail address of a user has changed, so the keychain has two items of one account"""
        with Stack() as stack:
            now = int(time.time())
            put_item(stack, "ann@new.example", "new", now)
            put_item(stack, "ann@old.example", "old", now - 60)
            self.assertEqual(items(stack), 2)
            stack.start_agent()
            self.assertEqual([account["session_id"] for account in call(stack, "status")["accounts"]], ["new"])
            ended = call(stack, "logout")["ended"]
            self.assertEqual([(one["account"], one["revoked"]) for one in ended], [("ann@new.example@127.0.0.1:1", False)])
            self.assertEqual(items(stack), 0)


class YesMan(http.server.BaseHTTPRequestHandler):
    """A server that revokes whatever it is asked to."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class Locked(unittest.TestCase):
    def test_logout_says_what_the_keychain_keeps_and_lends_it_no_more(self):
        """AG-13"""
        with Stack() as stack, http.server.ThreadingHTTPServer(("127.0.0.1", 0), YesMan) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_address[1]}"
            put_item(stack, "ann@example.com", "session", int(time.time()), url)
            stack.start_agent()
            self.assertEqual([account["state"] for account in call(stack, "status")["accounts"]], ["signed_in"])
            subprocess.run(["gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path", "/org/freedesktop/secrets",
                            "--method", "org.freedesktop.Secret.Service.Lock", "['/org/freedesktop/secrets/collection/login']"],
                           env=stack.bus_env, check=True, capture_output=True)
            done = stack.command("logout", check=5)
            self.assertIn(b"error: ann@example.com@", done.stderr)
            self.assertIn(b"hint: unlock it", done.stderr)
            self.assertEqual([account["state"] for account in call(stack, "status")["accounts"]], ["ended"])
            stack.command("do", "/secured", check=4)
            server.shutdown()


if __name__ == "__main__":
    unittest.main(verbosity=2)
