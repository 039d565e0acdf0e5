"""Many commands that want the same sign-in, and other tools that want its headers."""
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from http_browser import HttpBrowser  # noqa: E402
from stack import BIN, Stack, free_port  # noqa: E402


def sign_in(url, decision="approve"):
    browser = HttpBrowser()
    browser.open(url)
    browser.submit(name="ann", action="sign_in")
    browser.submit(decision=decision)


class Joining(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.stack.start_demo_server()

    def begin_all(self, count):
        """Commands that were started together: the programs and the addresses that they show."""
        logins = [self.stack.start(f"login-{number}", BIN / "cli", "login", self.stack.server_url, "--no-browser", "--json") for number in range(count)]
        return logins, [json.loads(login.wait_for(r'^\{.*"url".*').group(0))["url"] for login in logins]

    def pushed(self):
        return self.stack.server.log.read_text().count('"path":"/par","status":"201"')

    def test_twenty_at_once(self):
        """AG-10: twenty commands start one agent and one sign-in, and one approval ends all of them"""
        logins, urls = self.begin_all(20)
        self.assertEqual(len(set(urls)), 1)
        sign_in(urls[0])
        self.assertEqual([login.finish()[0] for login in logins], [0] * 20)
        self.assertEqual(self.pushed(), 1)
        self.stack.command("do", "/secured", check=0)

    def test_decline_ends_all(self):
        logins, urls = self.begin_all(3)
        sign_in(urls[0], decision="decline")
        self.assertEqual([login.finish()[0] for login in logins], [2, 2, 2])

    def test_who_leaves_takes_nothing_along(self):
        """Ctrl-C, or kill -9, of one command leaves the sign-in to the others; with the last it ends at the server too"""
        logins, urls = self.begin_all(3)
        logins[0].stop(signal.SIGINT)
        logins[1].stop(signal.SIGKILL)
        sign_in(urls[0])
        self.assertEqual(logins[2].finish()[0], 0)
        logins, urls = self.begin_all(2)
        HttpBrowser().open(urls[0])
        for login in logins:
            login.stop(signal.SIGINT)
        self.stack.server.wait_for('"path":"/par/cancel","status":"200"')

    def test_another_port_is_said(self):
        (login,), _ = self.begin_all(1)
        other = self.stack.command("login", self.stack.server_url, "--no-browser", "--port", free_port())
        self.assertEqual(other.returncode, 3)
        self.assertRegex(other.stderr.decode(), r"(?s)^error: .*waiting already.*\nhint: ")
        login.stop(signal.SIGINT)

    def test_no_terminal_opens_nothing(self):
        """With no terminal nothing ever opens a browser, whatever BROWSER says"""
        opened = self.stack.home / "opened"
        opener = self.stack.home / "opener"
        opener.write_text(f"#!/bin/sh\necho \"$1\" > {opened}\n")
        opener.chmod(0o700)
        login = self.stack.start("login", BIN / "cli", "login", self.stack.server_url, "--json", env={**self.stack.env, "BROWSER": str(opener)})
        sign_in(json.loads(login.wait_for(r'^\{.*"url".*').group(0))["url"])
        self.assertEqual(login.finish()[0], 0)
        self.assertFalse(opened.exists())


class Headers(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.stack.start_demo_server()
        self.url = f"{self.stack.server_url}/secured"

    def sign_in(self):
        login, url = self.stack.begin_login()
        sign_in(url)
        self.assertEqual(login.finish()[0], 0)

    def test_curl(self):
        """`cli headers URL | curl -H @- URL` is a request with the session"""
        self.sign_in()
        headers = self.stack.command("headers", self.url, check=0).stdout
        self.assertRegex(headers, rb"^Cookie: keyfob=kfs_[^\n]+\n$")
        done = subprocess.run(["curl", "-sS", "-H", "@-", self.url], input=headers, capture_output=True, timeout=60)
        self.assertIn(b"Hello ann", done.stdout)

    def test_refusals(self):
        """CL-06, AG-08: signed out, for another server, and for what is no URL"""
        self.assertEqual(self.stack.command("headers", self.url).returncode, 4)
        self.sign_in()
        for word, code in ((f"http://127.0.0.1:{free_port()}/secured", 4), ("/secured", 3), ("http://example.com/", 3)):
            done = self.stack.command("headers", word)
            self.assertEqual((done.returncode, done.stdout), (code, b""), word)

    def test_terminal(self):
        """CL-01: not to a terminal, unless it is asked for by name"""
        self.sign_in()
        for more, code in (([], 3), (["--force"], 0)):
            primary, secondary = pty.openpty()
            try:
                done = subprocess.run([str(BIN / "cli"), "headers", self.url, *more], env=self.stack.env, stdin=subprocess.DEVNULL,
                                      stdout=secondary, stderr=subprocess.PIPE, timeout=60)
                self.assertEqual(done.returncode, code, done.stderr)
                os.close(secondary)
                secondary = -1
                shown = os.read(primary, 4096) if code == 0 else b""
                self.assertEqual(b"kfs_" in shown, code == 0)
            finally:
                os.close(primary)
                if secondary >= 0:
                    os.close(secondary)


if __name__ == "__main__":
    unittest.main(verbosity=2)
