"""One person on two devices, and an operator beside the running server: who sees which sessions, who ends them, and what the audit says."""
import json
import pathlib
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from http_browser import HttpBrowser  # noqa: E402
from stack import BIN, Stack, free_port  # noqa: E402


class Sessions(unittest.TestCase):
    def setUp(self):
        self.laptop, self.desktop = self.enterContext(Stack()), self.enterContext(Stack())
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        issuer = self.laptop.start_company_provider(f"{url}/callback/company")
        self.laptop.start_server(self.laptop.company_configuration(url, port, issuer), url)
        self.desktop.server_url = url
        for device in (self.laptop, self.desktop):
            device.start_agent()

    def sign_in(self, device, name="carla"):
        login, url = device.begin_login()
        browser = HttpBrowser(trust=str(self.laptop.certificate()[0]))
        browser.open(url)
        browser.submit(login=name, password="any")
        browser.submit()
        browser.submit(decision="approve")
        code, output = login.finish()
        self.assertEqual(code, 0, output)

    def operator(self, *words, check=0):
        """A second process on the same database, while the server runs."""
        done = subprocess.run([str(BIN / "keyfob-server"), *words, "--config", str(self.laptop.home / "server.toml")], env=self.laptop.env,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, check, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def operator_json(self, *words):
        return [json.loads(line) for line in self.operator(*words, "--json").splitlines()]

    @staticmethod
    def listed(device):
        return json.loads(device.command("sessions", "--json", check=0).stdout)["sessions"]

    def test_own_sessions(self):
        """SE-09, SE-13: a person sees the sessions of all their devices, ends one, and the other's next request says so"""
        self.sign_in(self.laptop)
        self.sign_in(self.desktop)
        self.sign_in(self.desktop, "mallory")  # somebody else's are never among them
        sessions = self.listed(self.laptop)
        self.assertEqual([session["current"] for session in sessions], [False, True])
        self.assertEqual({session["key"] for session in sessions}, {"software"})
        self.assertEqual({session["class"] for session in sessions}, {"standard"})
        self.assertEqual({session["address"] for session in sessions}, {"127.0.0.1"})
        shown = self.laptop.command("sessions", check=0).stdout.decode()
        self.assertRegex(shown, r"(?m)^\*  [0-9a-f]{12}  ")
        self.assertEqual(self.desktop.command("do", "/session", "--account", "carla@company.example", check=0).returncode, 0)
        self.laptop.command("sessions", "revoke", sessions[0]["id"][:6], check=0)
        self.assertEqual(self.desktop.command("do", "/session", "--account", "carla@company.example").returncode, 4)
        self.assertEqual(self.desktop.command("do", "/session", "--account", "mallory@company.example").returncode, 0)
        self.assertEqual([session["id"] for session in self.listed(self.laptop)], [sessions[1]["id"]])

    def test_others_are_unknown(self):
        """SE-09: somebody else's ID looks like one that does not exist"""
        self.sign_in(self.laptop)
        self.sign_in(self.desktop, "mallory")
        carla = self.listed(self.laptop)[0]["id"]
        errors = [self.desktop.command("sessions", "revoke", name).stderr.replace(name.encode(), b"") for name in (carla, "0123456789ab", carla[:5])]
        self.assertEqual(len(set(errors)), 1, errors)
        self.assertIn(b"hint: ", errors[0])
        self.laptop.command("do", "/session", check=0)

    def test_all_others_and_this_one(self):
        self.sign_in(self.laptop)
        self.sign_in(self.desktop)
        self.laptop.command("sessions", "revoke", "--all-others", check=0)
        self.assertEqual(self.desktop.command("do", "/session").returncode, 4)
        done = self.laptop.command("sessions", "revoke", self.listed(self.laptop)[0]["id"], check=0)
        self.assertIn(b"signed out here", done.stderr)
        self.assertEqual(self.laptop.command("do", "/session").returncode, 4)
        self.assertEqual(self.laptop.command("sessions", "revoke").returncode, 3)

    def test_cookie_is_not_enough(self):
        """SE-16: a copied cookie neither lists nor ends sessions"""
        self.sign_in(self.laptop)
        for path in ("/sessions", "/sessions/revoke"):
            done = self.laptop.command("do", path, "-d", "client_id=keyfob-agent&session_id=x&all_others=true")
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"HTTP 400", done.stderr)

    def test_operator(self):
        """SE-10, AS-22: what an operator's command writes counts on the server's next request"""
        self.sign_in(self.laptop)
        session = self.operator_json("sessions", "list")[0]
        self.operator("sessions", "revoke", session["id"])
        self.assertEqual(self.laptop.command("do", "/session").returncode, 4)
        self.assertEqual(self.operator_json("sessions", "list"), [])
        self.sign_in(self.laptop)
        self.operator("users", "disable", "carla@company.example")
        self.assertEqual(self.laptop.command("do", "/session").returncode, 4)
        self.assertIn("disabled", self.operator("users", "list"))
        login, url = self.laptop.begin_login()
        browser = HttpBrowser(trust=str(self.laptop.certificate()[0]))
        browser.open(url)
        browser.submit(login="carla", password="any")
        browser.submit()
        browser.go_on()
        self.assertEqual(login.finish()[0], 6)
        self.operator("users", "enable", "company:carla")
        self.assertEqual(self.laptop.command("do", "/session").returncode, 4)  # what ended stays so
        self.sign_in(self.laptop)
        self.laptop.command("do", "/session", check=0)

    def test_operator_mistakes(self):
        for words, code in ((("users", "show", "nobody"), 1), (("sessions", "revoke"), 3), (("sessions", "revoke", "012345"), 1),
                            (("users", "list", "--since", "1d"), 3), (("audit", "show", "--since", "soon"), 3), (("users", "forget"), 3)):
            text = self.operator(*words, check=code)
            self.assertRegex(text, r"^error: .*\n(hint: .*\n)?$")

    def test_audit(self):
        """OP-02: every step is there with its request, and no secret is"""
        self.sign_in(self.laptop)
        cookie = self.laptop.command("do", "/session", check=0)
        self.operator("users", "disable", "1")
        records = self.operator_json("audit", "export")
        events = [record["event"] for record in records]
        self.assertEqual([event for event in events if event != "server_configured"],
                         ["user_identified", "pairing_approved", "session_created", "user_disabled", "session_revoked"])
        self.assertIn("server_configured", events)
        by_server = [record for record in records if record["event"] in ("user_identified", "pairing_approved", "session_created")]
        log = self.laptop.server.log.read_text()
        for record in by_server:
            self.assertEqual(record["client_address"], "127.0.0.1")
            self.assertIn(f'"request_id":"{record["request_id"]}"', log)
            self.assertIn(" carla", record["user"])
            self.assertIn(f'"event":"{record["event"]}"', log)
        created = next(record for record in records if record["event"] == "session_created")
        self.assertEqual(created["session"], next(record for record in records if record["event"] == "session_revoked")["session"])
        text = json.dumps(records)
        self.assertNotIn("kfs_", text)
        self.assertNotIn(json.loads(cookie.stdout)["session"]["id"], text)
        self.assertIn("session_created", self.operator("audit", "show", "--since", "1h", "--event", "session_created", "--limit", "5"))
        self.assertEqual(self.operator_json("audit", "show", "--user", "1", "--limit", "1")[0]["event"], "session_revoked")

    def test_audit_is_append_only(self):
        """OP-02: not even the database lets a record be changed or removed"""
        self.sign_in(self.laptop)
        database = sqlite3.connect(self.laptop.home / "keyfob.db")
        for statement in ("UPDATE audit SET detail = ''", "DELETE FROM audit"):
            with self.assertRaises(sqlite3.IntegrityError):
                database.execute(statement)
        database.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
