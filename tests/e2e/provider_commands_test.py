"""`keyfob-server doctor` and `explain` against a real provider and real sign-ins."""
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from http_browser import HttpBrowser  # noqa: E402
from stack import BIN, Stack, free_port  # noqa: E402

RULES = '[[allow]]\nprovider = "company"\nuser = "carla"\n[[allow]]\nprovider = "company"\nemail_domain = "elsewhere.example"\n'


class ProviderCommands(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.issuer = self.stack.start_company_provider(f"{self.url}/callback/company")
        self.configuration = self.stack.company_configuration(self.url, self.port, self.issuer, rules=RULES)

    def run_server(self, command, *arguments, configuration=None, stdin=""):
        file = self.stack.home / "operator.toml"
        file.write_text(configuration or self.configuration, encoding="utf-8")
        done = subprocess.run([BIN / "keyfob-server", command, "--config", file, *arguments], input=stdin, capture_output=True, text=True, check=False)
        self.assertNotIn(self.stack.client_secret.read_text().strip(), done.stdout + done.stderr)
        return done

    def doctor(self, configuration=None):
        """What it finds, by its word; and how it ends."""
        done = self.run_server("doctor", "--json", configuration=configuration)
        findings = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(done.returncode, 0 if all(finding["ok"] for finding in findings) else 1, done.stderr)
        self.assertTrue(all(finding["ok"] or finding["fix"] for finding in findings), findings)
        return {finding["what"]: finding for finding in findings}

    def explain(self, claims, *arguments):
        return self.run_server("explain", "--provider", "company", "--claims", "-", *arguments, stdin=json.dumps(claims))

    def test_doctor_finds_nothing(self):
        """All that a sign-in needs is asked for, and the redirect URI is ready to paste"""
        found = self.doctor()
        self.assertEqual(list(found), ["discovery", "clock", "issuer", "keys", "client", "redirect"])
        self.assertTrue(all(finding["ok"] for finding in found.values()), found)
        self.assertIn(f"{self.url}/callback/company", found["redirect"]["detail"])
        text = self.run_server("doctor").stdout
        self.assertIn(f"company (oidc, {self.issuer})\n  ok     discovery  {self.issuer}/.well-known/openid-configuration\n", text)

    def test_doctor_finds_what_is_wrong(self):
        """RP-08, RP-17, RP-18, RP-19: secret, issuer, authority, address and a provider that is away, each by itself"""
        wrong = self.stack.home / "wrong.secret"
        wrong.write_text("not-the-secret\n", encoding="ascii")
        wrong.chmod(0o600)
        secret = self.doctor(self.configuration.replace(str(self.stack.client_secret), str(wrong)))
        self.assertEqual([what for what, finding in secret.items() if not finding["ok"]], ["client"])
        self.assertIn("invalid_client", secret["client"]["detail"])
        issuer = self.doctor(self.configuration.replace(f'issuer = "{self.issuer}"', f'issuer = "{self.issuer}/"'))
        self.assertIn("letter by letter", issuer["issuer"]["detail"])
        authority = self.doctor("\n".join(line for line in self.configuration.splitlines() if not line.startswith("ca_file")))
        self.assertIn("ca_file", authority["discovery"]["fix"])
        address = self.doctor(self.configuration.replace("127.0.0.1\"]", "10.0.0.1\"]"))
        self.assertIn("allow_addresses", address["discovery"]["fix"])
        away = self.doctor(self.configuration.replace(self.issuer, f"https://localhost:{free_port()}"))
        self.assertIn("curl -v", away["discovery"]["fix"])
        self.assertIn("redirect", away)

    def test_explain(self):
        """Which rule decided, and why: and the real sign-ins end as they were explained"""
        carla = self.explain({"sub": "carla", "email": "carla@company.example", "email_verified": True})
        self.assertEqual(carla.returncode, 0, carla.stderr)
        self.assertIn('user = "carla": fits', carla.stdout)
        self.assertIn('email_domain = "elsewhere.example": does not fit, the domain is "company.example"', carla.stdout)
        self.assertIn("let in by ", carla.stdout)
        self.assertIn("operator.toml:", carla.stdout)
        bob = self.explain({"sub": "bob", "email": "bob@elsewhere.example", "email_verified": False})
        self.assertEqual(bob.returncode, 6)
        self.assertIn("does not say that", bob.stdout)
        self.assertIn("error: refused: no rule fits\nhint: ", bob.stderr)
        as_json = self.explain({"sub": "bob"}, "--json")
        self.assertEqual([json.loads(line)["fits"] for line in as_json.stdout.splitlines()], [False, False])

        self.stack.start_server(self.configuration, self.url)
        self.stack.start_agent()
        self.assertEqual(self.sign_in("carla", approve=True)[0], 0)
        code, output = self.sign_in("bob", approve=False)
        self.assertEqual(code, 6, output)
        self.assertIn("no rule of this server lets bob@company.example in", output)

    def sign_in(self, name, approve):
        login, url = self.stack.begin_login()
        browser = HttpBrowser(trust=str(self.stack.certificate()[0]))
        browser.open(url)
        browser.submit(login=name, password="any")
        browser.submit()
        if approve:
            browser.submit(decision="approve")
        else:
            browser.go_on()  # the page that says no leads to the agent
        return login.finish()

    def test_explain_bad_input(self):
        """What is no answer of a provider is said to be none"""
        for claims in ("", "[]", "{}", '{"sub": 5}', '{"sub": "a\\u0000b"}', '{"sub":"a","sub":"b"}'):
            done = self.run_server("explain", "--provider", "company", "--claims", "-", stdin=claims)
            self.assertEqual(done.returncode, 1, claims)
            self.assertIn("error: ", done.stderr)
        self.assertEqual(self.run_server("explain", "--provider", "other", "--claims", "-").returncode, 3)
        self.assertEqual(self.run_server("explain", "--provider", "company").returncode, 3)
        self.assertEqual(self.run_server("explain", "--provider", "company", "--claims", "/nonexistent").returncode, 1)
        for endless in ("/", "/dev/zero"):
            self.assertEqual(self.run_server("explain", "--provider", "company", "--claims", endless).returncode, 1)
        terminal = self.explain({"sub": "a\u001b[31mb"})
        self.assertNotIn("\x1b", terminal.stdout)  # CL-02


if __name__ == "__main__":
    unittest.main(verbosity=2)
