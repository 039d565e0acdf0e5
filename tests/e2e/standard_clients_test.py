"""Standard OAuth clients: programs on client libraries from npm, against the real server, the certified provider and Chromium."""
import json
import pathlib
import subprocess
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, BUILD, ROOT, Browser, Stack, free_port  # noqa: E402

E2E = ROOT / "tests" / "e2e"
NODE = E2E / "provider" / "node_modules" / "node" / "bin" / "node"
SCREENSHOTS = BUILD / "screenshots"
SECRET = "0123456789abcdef" * 4


class StandardClients(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack(keychain=False))
        self.browser = self.enterContext(Browser())
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        issuer = self.stack.start_company_provider(f"{self.url}/callback/company")
        secret_file = self.stack.home / "reports.secret"
        secret_file.write_text(SECRET, encoding="ascii")
        secret_file.chmod(0o600)
        clients = f'''[device_grant]
enabled = true
[[client]]
id = "example-cli"
name = "Example <b>program</b>"
redirect_paths = ["/callback"]
device_grant = true
[[resource_server]]
id = "reports"
secret_file = "{secret_file}"
'''
        self.stack.start_server(self.stack.company_configuration(self.url, port, issuer, clients), self.url)

    def start(self, library, **more):
        """The program, and its browser at the provider."""
        configuration = self.stack.home / "program.json"
        configuration.write_text(json.dumps({"issuer": self.url, "client_id": "example-cli", "resource_server": {"id": "reports", "secret": SECRET}, **more}),
                                 encoding="utf-8")
        program = self.stack.start(f"program-{library}", NODE, E2E / "clients" / "program.mjs", library, configuration)
        self.browser.open(json.loads(program.wait_for(r'^\{"url".*').group(0))["url"])
        return program

    def at_provider(self):
        """It knows the browser the second time, and asks for its own consent alone."""
        if self.browser.has("input[name=login]"):
            self.stack.sign_in_with_company(self.browser)
        else:
            self.browser.click("form:has(input[value=consent]) button[type=submit]")

    def decide(self, decision):
        self.browser.wait_for_heading("Sign in this program?")
        text = self.browser.text
        self.assertIn("Example <b>program</b> asks to be signed in as you", text)  # escaped, so shown as it is (WH-03)
        self.assertIn("unbound", text)
        self.assertRegex(text, r"http://127\.0\.0\.1:\d+/callback\b")
        self.assertIn("carla@company.example", text)
        self.browser.click(f"button[value={decision}]")
        self.browser.text_of("#done")

    def finish(self, program):
        code, output = program.finish()
        self.assertEqual(code, 0, output)
        return json.loads(output.splitlines()[-1])

    def sign_in(self, library, **more):
        program = self.start(library, **more)
        self.at_provider()
        self.browser.text_of("button[value=approve]")
        SCREENSHOTS.mkdir(exist_ok=True)
        self.browser.screenshot(SCREENSHOTS / "6-program.png")
        self.decide("approve")
        return self.finish(program)

    def status(self, path, headers, form=None):
        body = None if form is None else urllib.parse.urlencode(form).encode()
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(urllib.request.Request(self.url + path, body, headers), timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def introspect(self, token):
        return json.loads(self.status("/introspect", {}, {"token": token, "client_id": "reports", "client_secret": SECRET})[1])

    def operator(self, *words):
        done = subprocess.run([str(BIN / "keyfob-server"), *words, "--config", str(self.stack.home / "server.toml")], env=self.stack.env,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def check(self, report):
        """From discovery to the dead token, as the library saw it."""
        self.assertNotIn("error", report, self.stack.all_logs())
        self.assertEqual(report["tokens"]["token_type"].lower(), "bearer")
        self.assertNotIn("refresh_token", report["tokens"])
        self.assertEqual(report["session"]["user"]["email"], "carla@company.example")
        self.assertEqual(report["asBearer"]["status"], 200)
        self.assertEqual(report["asBearer"]["cookies"], [])
        self.assertEqual(report["asCookie"]["status"], 401)  # AS-16
        described = report["introspection"]
        self.assertEqual({name: described[name] for name in ("active", "iss", "client_id", "token_type", "username")},
                         {"active": True, "iss": self.url, "client_id": "example-cli", "token_type": "Bearer", "username": "carla@company.example"})
        self.assertEqual(described["exp"] - described["iat"], 3600)
        self.assertRegex(described["sub"], r"^https://localhost:\d+#carla$")
        self.assertEqual(report["afterRevocation"]["status"], 401)
        self.assertRegex(report["afterRevocation"]["challenge"], r'^Bearer realm="[^"]+", error="invalid_token"')
        self.assertEqual(report["introspectionAfter"], {"active": False})

    def test_oauth4webapi(self):
        self.check(self.sign_in("oauth4webapi"))

    def test_openid_client(self):
        self.check(self.sign_in("openid-client"))

    def test_openid_client_5(self):
        self.check(self.sign_in("openid-client-5"))

    def test_pushed_requests(self):
        """AS-09: RFC 9126 is there for whoever wants it"""
        for library in ("oauth4webapi", "openid-client"):
            with self.subTest(library):
                program = self.start(library, pushed=True)
                self.assertNotIn("code_challenge", self.browser.url)
                self.at_provider()
                self.decide("approve")
                self.check(self.finish(program))

    def sign_in_by_device(self, library, decision):
        """The program, and the person with its code."""
        configuration = self.stack.home / "program.json"
        configuration.write_text(json.dumps({"issuer": self.url, "client_id": "example-cli", "device": True,
                                             "resource_server": {"id": "reports", "secret": SECRET}}), encoding="utf-8")
        program = self.stack.start(f"program-{library}", NODE, E2E / "clients" / "program.mjs", library, configuration)
        shown = json.loads(program.wait_for(r'^\{"url".*').group(0))
        self.browser.open(shown["url"])
        self.browser.type("input[name=user_code]", shown["code"])
        self.browser.click("form button")
        self.browser.wait_for_heading("Sign in this device?")
        self.assertIn("Example <b>program</b>, unbound", self.browser.text)
        self.browser.click(".choices a")
        self.at_provider()
        self.browser.click(f"button[value={decision}]")
        return program

    def test_device_grant(self):
        """DG-04: RFC 8628 as both libraries understand it"""
        for library in ("oauth4webapi", "openid-client"):
            with self.subTest(library):
                self.check(self.finish(self.sign_in_by_device(library, "approve")))
                self.assertEqual(self.finish(self.sign_in_by_device(library, "decline"))["error"], "access_denied")

    def test_declined(self):
        """AS-07: each library understands a refusal, and that it came from this server (AS-06)"""
        for library in ("oauth4webapi", "openid-client", "openid-client-5"):
            with self.subTest(library):
                program = self.start(library)
                self.at_provider()
                self.decide("decline")
                self.assertEqual(self.finish(program)["error"], "access_denied")

    def test_operator(self):
        """SE-10, AS-22: shown as unbound, ended by an operator, gone with its user"""
        token = self.sign_in("oauth4webapi", keep=True)["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        self.assertEqual(self.status("/session", bearer)[0], 200)
        shown = self.operator("sessions", "list")
        self.assertRegex(shown, r"Example <b>program</b>.* client +unbound ")
        session = json.loads(self.operator("sessions", "list", "--json"))
        self.assertEqual((session["class"], session["key"]), ("client", "none"))
        self.operator("sessions", "revoke", session["id"])
        self.assertEqual(self.status("/session", bearer)[0], 401)
        self.assertEqual(self.introspect(token), {"active": False})

        program = self.start("openid-client", keep=True)
        self.at_provider()
        self.decide("approve")
        token = self.finish(program)["token"]
        self.assertTrue(self.introspect(token)["active"])
        self.operator("users", "disable", "carla@company.example")
        self.assertEqual(self.status("/secured", {"Authorization": f"Bearer {token}"})[0], 401)
        self.assertEqual(self.introspect(token), {"active": False})
        for log in (self.stack.server.log.read_text(), self.operator("audit", "export", "--json")):  # OP-01
            self.assertNotIn(token, log)
            self.assertNotIn(SECRET, log)


if __name__ == "__main__":
    unittest.main(verbosity=2)
