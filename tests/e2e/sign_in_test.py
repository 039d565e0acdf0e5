"""The main job on real parts: server, agent, cli, gnome-keyring, Chromium, and two providers."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, BUILD, CLIENT_SECRET, Browser, Stack, free_port  # noqa: E402

SCREENSHOTS = BUILD / "screenshots"


def secrets_of(stack):
    """What must be in the keychain and nowhere else: the octets of cookie and device key. (The challenge is no secret: only the key can answer it.)"""
    found = stack.secret_tool("search", "--all", "--unlock", "xdg:schema", "org.keyfob.Account").stdout
    secret = json.loads(re.search(r"^secret = (.*)$", found, re.MULTILINE).group(1))
    key_lines = [line for line in secret["device_key"].splitlines() if "-----" not in line]
    return [secret["cookie"], *key_lines]


def places_with(stack, needles):
    """Every file below the home directory (but the keychain's own), and every process's environment and arguments, that has one of them."""
    hits = []
    for path in stack.home.rglob("*"):
        if path.is_file() and "keyrings" not in path.parts and path.name not in ("client-secret", "provider.json"):
            content = path.read_bytes()
            hits += [f"{path}: {needle[:12]}…" for needle in needles if needle.encode() in content]
    for process in (stack.server, stack.agent):
        for name in ("environ", "cmdline"):
            try:
                content = pathlib.Path(f"/proc/{process.process.pid}/{name}").read_bytes()
            except PermissionError:
                continue  # not dumpable: not even we may look
            hits += [f"{process.log.name} {name}: {needle[:12]}…" for needle in needles if needle.encode() in content]
    return hits


class WithDemoProvider(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        SCREENSHOTS.mkdir(exist_ok=True)

    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.stack.start_demo_server()
        self.stack.start_agent()

    def test_sign_in_use_and_sign_out(self):
        stack = self.stack
        browser = self.enterContext(Browser())
        login, url = stack.begin_login()
        self.assertRegex(url, r"^http://127\.0\.0\.1:\d+/s/[\w-]{22}$")
        browser.open(url)
        self.assertEqual(browser.text_of("h1"), "Demo identity provider")
        browser.screenshot(SCREENSHOTS / "1-provider.png")
        browser.type("input[name=name]", "Ann <b>&amp;</b> Other")
        browser.click("button[value=sign_in]")
        self.assertEqual(browser.text_of("h1"), "Sign in this device?")
        self.assertIn("Ann <b>&amp;</b> Other", browser.text)  # escaped, so shown as it is (WH-03)
        self.assertIn("127.0.0.1", browser.text)
        browser.screenshot(SCREENSHOTS / "2-confirm.png")
        browser.click("button[value=approve]")
        browser.text_of("#signed-in")
        self.assertRegex(browser.url, r"/done/[\w-]{22}$")  # AG-04: no code in the address bar
        browser.screenshot(SCREENSHOTS / "3-signed-in.png")
        code, output = login.finish()
        self.assertEqual(code, 0, output)

        secured = stack.command("do", "/secured", check=0)
        self.assertIn(b"Hello Ann <b>&amp;</b> Other", secured.stdout)
        self.assertEqual(secured.stderr, b"")
        # Two shells that share no variable but those of the login session.
        for extra in ({"TERM": "dumb"}, {"LANG": "C", "SHELL": "/bin/dash"}):
            environment = {"PATH": "/usr/bin:/bin", "HOME": stack.env["HOME"], "XDG_RUNTIME_DIR": stack.env["XDG_RUNTIME_DIR"], **extra}
            again = subprocess.run(["/bin/sh", "-c", f"{BIN}/cli do /secured"], env=environment, capture_output=True, check=True)
            self.assertEqual(again.stdout, secured.stdout)

        self.check_keychain_item()
        # OP-01: while everything runs, the secrets are in the keychain and nowhere else.
        self.assertEqual(places_with(stack, secrets_of(stack)), [])

        # A new agent after kill -9 hands out the same session.
        session = json.loads(stack.command("do", "/session", check=0).stdout)["session"]["id"]
        stack.agent.stop(signal.SIGKILL)
        stack.start_agent()
        self.assertEqual(json.loads(stack.command("do", "/session", check=0).stdout)["session"]["id"], session)

        cookie = secrets_of(stack)[0]
        ended = stack.command("logout", check=0)
        self.assertIn(b"Signed out", ended.stderr + ended.stdout)
        replay = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Cookie: keyfob={cookie}", f"{stack.server_url}/secured"],
                                capture_output=True, text=True, check=True)
        self.assertEqual(replay.stdout, "401")  # SE-13
        self.assertEqual(stack.command("do", "/secured").returncode, 4)  # CL-06
        self.assertEqual(json.loads(stack.command("status", "--json", check=0).stdout)["accounts"], [])

    def check_keychain_item(self):
        found = self.stack.secret_tool("search", "server", self.stack.server_url)
        self.assertIn("label = Keyfob: ", found.stdout)
        self.assertIn("schema = org.keyfob.Account", found.stdout)
        self.assertIn("attribute.user = ", found.stderr + found.stdout)

    def test_reload_and_back_just_work(self):
        browser = self.enterContext(Browser())
        login, url = self.stack.begin_login()
        browser.open(url)
        browser.text_of("input[name=name]")
        browser.open(url)  # a second opening pushes anew; the newest counts
        browser.text_of("input[name=name]")
        browser.reload()
        self.stack.sign_in_with_demo(browser)
        browser.text_of("#signed-in")
        self.assertEqual(login.finish()[0], 0)

    def test_a_new_sign_in_replaces_the_old_session(self):
        """SE-02"""
        browser = self.enterContext(Browser())
        first = self.stack.signed_in(browser)
        old_cookie = secrets_of(self.stack)[0]
        second = self.stack.signed_in(browser)
        self.assertEqual(first["name"], second["name"])
        self.assertNotEqual(first["session_id"], second["session_id"])
        accounts = json.loads(self.stack.command("status", "--json", check=0).stdout)["accounts"]
        self.assertEqual([account["session_id"] for account in accounts], [second["session_id"]])
        self.stack.server.wait_for("session_revoked")
        replay = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Cookie: keyfob={old_cookie}", f"{self.stack.server_url}/secured"],
                                capture_output=True, text=True, check=True)
        self.assertEqual(replay.stdout, "401")

    def test_two_accounts_at_one_server(self):
        browser = self.enterContext(Browser())
        ann, ben = self.stack.signed_in(browser, "ann"), self.stack.signed_in(browser, "ben")
        refused = self.stack.command("do", "/secured")
        self.assertEqual(refused.returncode, 3)
        self.assertIn(ann["name"].encode(), refused.stderr)
        self.assertIn(b"Hello ben", self.stack.command("do", "/secured", "--account", ben["name"], check=0).stdout)
        self.assertIn(b"Hello ann", self.stack.command("do", "/secured", env={**self.stack.env, "KEYFOB_ACCOUNT": "ann@demo.example"}, check=0).stdout)
        self.stack.command("logout", "--all", check=0)
        self.assertEqual(json.loads(self.stack.command("status", "--json", check=0).stdout)["accounts"], [])


class WithCompanyProvider(unittest.TestCase):
    """The certified provider, https everywhere."""

    def test_sign_in(self):
        SCREENSHOTS.mkdir(exist_ok=True)
        with Stack() as stack, Browser() as browser:
            port = free_port()
            url = f"https://localhost:{port}"
            issuer = stack.start_company_provider(f"{url}/callback/company")
            certificate, key = stack.certificate()
            stack.env["SSL_CERT_FILE"] = str(certificate)
            stack.start_server(stack.company_configuration(url, port, issuer, f'[tls]\ncertificate_file = "{certificate}"\nkey_file = "{key}"'), url)
            stack.start_agent()
            login, start = stack.begin_login()
            browser.open(start)
            browser.text_of("input[name=login]")
            browser.screenshot(SCREENSHOTS / "4-company.png")
            stack.sign_in_with_company(browser)
            browser.text_of("button[value=approve]")
            self.assertEqual(browser.text_of("h1"), "Sign in this device?")
            self.assertIn("carla@company.example", browser.text)
            self.assertIn("The Company", browser.text)
            browser.click("button[value=approve]")
            browser.text_of("#signed-in")
            browser.screenshot(SCREENSHOTS / "5-signed-in-company.png")
            code, output = login.finish()
            self.assertEqual(code, 0, output)
            secured = stack.command("do", "/secured", check=0)
            self.assertIn(b"carla@company.example", secured.stdout)
            head = stack.command("do", "-i", "/secured", check=0).stdout
            self.assertIn(b"strict-transport-security", head.lower())
            self.assertEqual(places_with(stack, [*secrets_of(stack), CLIENT_SECRET]), [])
            for old in ("-tls1_1", "-tls1"):
                done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", old, "-cipher", "ALL:@SECLEVEL=0"],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True)
                self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
