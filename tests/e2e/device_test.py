"""The device grant (RFC 8628): a terminal that no browser reaches, and a browser anywhere."""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from qr_code import read_qr_code  # noqa: E402
from stack import BIN, BUILD, Browser, Stack, free_port  # noqa: E402

SCREENSHOTS = BUILD / "screenshots"
CODE = re.compile(r"^  ([B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4})\r?$", re.M)


class OnTerminal:
    """`cli …` where a person reads."""

    def __init__(self, stack, *arguments):
        person, terminal = pty.openpty()
        stack.callback(os.close, person)
        self._person, self.text = person, ""
        self.process = subprocess.Popen([str(BIN / "cli"), *arguments], env={**stack.env, "TERM": "xterm"}, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal)
        os.close(terminal)
        stack.callback(self.process.wait)
        stack.callback(self.process.terminate)

    def wait_for(self, pattern):
        while not (found := re.search(pattern, self.text, re.M)):
            self.text += self._read()
        return found

    def _read(self):
        try:
            return os.read(self._person, 4096).decode(errors="replace")
        except OSError as error:  # nobody writes to it any more
            raise AssertionError(f"the command ended after: {self.text}") from error


class Site(unittest.TestCase):
    more = ""

    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.browser = self.enterContext(Browser())
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        issuer = self.stack.start_company_provider(f"{self.url}/callback/company")
        self.configuration = self.stack.company_configuration(self.url, port, issuer, self.more)
        self.stack.start_server(self.configuration, self.url)

    def begin(self, stack=None, *arguments):
        """`cli login --device --json`; the program and its event."""
        login = (stack or self.stack).start("device-login", BIN / "cli", "login", self.url, "--device", "--json", *arguments)
        return login, json.loads(login.wait_for(r'^\{.*"user_code".*').group(0))

    def type_code(self, code):
        self.browser.open(f"{self.url}/device")
        self.browser.type("input[name=user_code]", code)
        self.browser.click("form button")

    def at_provider(self):
        """It knows the browser the second time, and asks for its own consent alone."""
        self.browser.click(".choices a")
        if self.browser.has("input[name=login]"):
            self.stack.sign_in_with_company(self.browser)
        else:
            self.browser.click("form:has(input[value=consent]) button[type=submit]")
        self.browser.text_of("button[value=approve]")

    def decide(self, decision):
        self.browser.click(f"button[value={decision}]")
        self.browser.wait_for_heading("Approved" if decision == "approve" else "Not signed in")

    def finish(self, login, expected):
        code, output = login.finish()
        self.assertEqual(code, expected, output + self.stack.all_logs())
        return json.loads(output.splitlines()[-1])

    def operator(self, *words):
        done = subprocess.run([str(BIN / "keyfob-server"), *words, "--config", str(self.stack.home / "server.toml"), "--json"], env=self.stack.env,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]


class DeviceGrant(Site):
    more = "[device_grant]\nenabled = true\n"

    def test_person(self):
        """DG-05, DG-06: what a person sees, from the terminal to the session"""
        login = OnTerminal(self.stack, "login", self.url, "--device")
        login.wait_for(r"Ctrl-C cancels\.")
        self.assertIn(f"  {self.url}/device\r\n", login.text)
        self.assertEqual(read_qr_code(login.text), f"{self.url}/device")  # the address alone: a code is typed
        code = CODE.search(login.text).group(1)

        self.browser.open(f"{self.url}/device?user_code={code}")
        self.assertEqual(self.browser.script("return document.querySelector('[name=user_code]').value"), "")
        self.browser.type("input[name=user_code]", code.replace("-", " ").lower())
        SCREENSHOTS.mkdir(exist_ok=True)
        self.browser.screenshot(SCREENSHOTS / "7-code.png")
        self.browser.click("form button")
        self.browser.wait_for_heading("Sign in this device?")
        choice = self.browser.text
        self.at_provider()
        self.browser.screenshot(SCREENSHOTS / "8-device.png")
        page = self.browser.text
        for text in (choice, page):
            self.assertIn(os.uname().nodename, text)
            self.assertIn("127.0.0.1", text)
            self.assertRegex(text, r"less than a minute ago")
        self.assertIn("approving gives them your account", page)
        self.assertLess(page.index("Decline"), page.index("Approve", page.index("Decline")))
        self.decide("approve")
        login.wait_for(r"Signed in to .* as .*carla")
        self.assertEqual(login.process.wait(), 0)
        self.stack.command("do", "/session", check=0)
        session, = self.operator("sessions", "list")
        self.assertEqual(session["class"], "device")
        self.assertEqual(session["expires_at"] - session["created_at"], 3600)  # DG-10
        self.browser.back()
        self.browser.wait_for_heading("This sign-in is finished")

    def test_declined(self):
        """DG-07: declined is final"""
        login, event = self.begin()
        self.type_code(event["user_code"])
        self.at_provider()
        self.decide("decline")
        end = self.finish(login, 2)
        self.assertIn("declined", end["message"])
        self.type_code(event["user_code"])
        self.assertIn("This code is not known", self.browser.text_of("[role=alert]"))
        self.assertEqual(self.operator("sessions", "list"), [])

    def test_cancelled(self):
        """DG-11: after Ctrl-C the code is worth nothing"""
        login, event = self.begin()
        login.process.send_signal(2)
        self.finish(login, 2)
        self.type_code(event["user_code"])
        self.assertIn("This code is not known", self.browser.text_of("[role=alert]"))

    def test_server_killed(self):
        """S8: the approval outlives the server, and the agent asks until it is there again"""
        login, event = self.begin()
        self.type_code(event["user_code"])
        self.at_provider()
        self.stack.server.stop(signal.SIGKILL)
        self.stack.start_server(self.configuration, self.url)
        self.decide("approve")
        self.stack.server.stop(signal.SIGKILL)
        self.stack.start_server(self.configuration, self.url)
        self.finish(login, 0)
        self.stack.command("do", "/secured", check=0)

    def test_guesses(self):
        """DG-02: after five wrong codes of one address even the right one is not looked at"""
        _, event = self.begin()
        for _ in range(5):
            self.type_code("BBBB-BBBB")
            self.assertIn("This code is not known", self.browser.text_of("[role=alert]"))
        self.type_code(event["user_code"])
        self.assertIn("too many wrong codes", self.browser.text_of("[role=alert]"))
        log = self.stack.server.log.read_text()
        self.assertNotIn("BBBB", log)
        self.assertNotIn(event["user_code"], log)

    def test_remaining_risk(self):
        """DG-06, DG-10: who approves a code of somebody else gives them the account, as the page says: for an hour, in the list, until revoked"""
        attacker = self.enterContext(Stack())
        login, event = self.begin(attacker)
        self.assertLessEqual(event["expires_in"], 600)
        self.type_code(event["user_code"])
        self.at_provider()
        self.assertIn("If somebody else sent you the code", self.browser.text)
        self.decide("approve")
        stolen = self.finish(login, 0)["account"]
        self.assertIn("carla", json.dumps(stolen["user"]))
        attacker.command("do", f"{self.url}/secured", check=0)

        mine, url = self.stack.begin_login()
        self.browser.open(url)
        self.browser.click("form:has(input[value=consent]) button[type=submit]")
        self.browser.click("button[value=approve]")
        self.browser.text_of("#signed-in")
        self.finish(mine, 0)
        listed = json.loads(self.stack.command("sessions", "--json", check=0).stdout)["sessions"]
        suspect, = [one for one in listed if one["class"] == "device"]
        self.assertLessEqual(suspect["expires_at"] - suspect["created_at"], 3600)
        self.stack.command("sessions", "revoke", suspect["id"], check=0)
        attacker.command("do", f"{self.url}/secured", check=4)


class Off(Site):
    def test_off(self):
        """DG-09: without the operator's word there is none"""
        done = self.stack.command("login", self.url, "--device", check=1)
        self.assertIn(b"lets nobody sign in by a code\nhint: leave --device out", done.stderr)
        self.browser.open(f"{self.url}/device")
        self.assertFalse(self.browser.has("input"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
