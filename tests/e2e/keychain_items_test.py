"""What the agent makes of the items that a real keychain holds."""
import base64
import hashlib
import json
import pathlib
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import WAIT, Stack  # noqa: E402

SERVER = "http://127.0.0.1:1"  # nobody listens there
ISSUER, SUBJECT = "https://issuer.example", "42"
ID = base64.urlsafe_b64encode(hashlib.sha256(f"{SERVER}\n{ISSUER}\n{SUBJECT}".encode()).digest()).decode()[:22]


def put_item(stack, email, session, renewed_at):
    """One account as the agent would keep it."""
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], capture_output=True, text=True, check=True).stdout
    secret = {"version": 1, "server": SERVER, "issuer": ISSUER, "subject": SUBJECT, "name": "Ann", "email": email, "provider": "company",
              "session_id": session, "session_expires_at": renewed_at + 2_592_000, "cookie_name": "keyfob", "cookie": "cookie",
              "cookie_expires_at": renewed_at + 600, "cookie_renewed_at": renewed_at, "challenge": "challenge", "device_key": key}
    subprocess.run(["secret-tool", "store", f"--label=Keyfob: {email}", "xdg:schema", "org.keyfob.Account", "id", ID, "server", SERVER, "user", email],
                   env=stack.bus_env, input=json.dumps(secret), text=True, check=True, timeout=WAIT)


def items(stack):
    return stack.secret_tool("search", "--all", "xdg:schema", "org.keyfob.Account", "id", ID).stdout.count("label = ")


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


if __name__ == "__main__":
    unittest.main(verbosity=2)
