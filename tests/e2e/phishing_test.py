"""Somebody starts a sign-in and gets somebody else to open it, at every step of the way. Two machines, each with an agent and a browser."""
import contextlib
import http.client
import pathlib
import re
import signal
import sqlite3
import sys
import unittest
from urllib.parse import urlsplit

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import machine  # noqa: E402
from stack import Browser, Stack, free_port  # noqa: E402
from webdriver import WebDriverError  # noqa: E402


def redirect_of(url, headers=None):
    """Where one request is sent on to; the cookie that was set."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request("GET", f"{parts.path}?{parts.query}", headers=headers or {})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.getheader("Location"), (response.getheader("Set-Cookie") or "").split(";")[0]


class Phishing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.resources = contextlib.ExitStack()
        cls.addClassCleanup(cls.resources.close)
        cls.outside = cls.resources.enter_context(Stack(keychain=False))
        cls.outside.start_demo_server()
        cls.attacker, cls.attacker_home, cls.attacker_browser = cls.make_machine()
        cls.victim, cls.victim_home, cls.victim_browser = cls.make_machine()

    @classmethod
    def make_machine(cls):
        made = cls.resources.enter_context(machine.Machine())
        made.reach(int(cls.outside.server_url.split(":")[2]))
        home = made.enter(Stack)
        home.server_url = cls.outside.server_url
        made(home.start_agent)
        return made, home, made.enter(Browser, wait=5)

    def setUp(self):
        """The attacker starts a sign-in; the victim's agent waits as well, at the same port."""
        port = str(free_port())
        self.login, self.start_url = self.attacker(self.attacker_home.begin_login, "--port", port)
        self.victims_login, _ = self.victim(self.victim_home.begin_login, "--port", port)
        self.addCleanup(lambda: self.victim(self.victims_login.stop, signal.SIGINT))
        self.addCleanup(lambda: self.attacker(self.login.stop, signal.SIGINT))
        self.log_begin = len(self.server_log())

    def server_log(self):
        return self.outside.server.log.read_text()

    def rows(self, query):
        file = next((self.outside.home / ".local/state/keyfob").glob("demo-*.db"))
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    def newest_state(self):
        return self.rows("SELECT state FROM pairings ORDER BY id DESC LIMIT 1")[0][0]

    def open_as_victim(self, url):
        """What the victim's browser shows. Going nowhere is an answer too."""
        with contextlib.suppress(WebDriverError):
            self.victim(self.victim_browser.open, url)
        return self.victim(lambda: self.victim_browser.text)

    def begin_as_attacker(self):
        """The attacker's own browser at the provider's page; its address."""
        self.attacker(self.attacker_browser.open, self.start_url)
        return self.attacker(lambda: self.attacker_browser.url)

    def sign_in_as_victim(self):
        self.victim(self.victim_browser.type, "input[name=name]", "victim")
        self.victim(self.victim_browser.click, "button[value=sign_in]")

    def assert_nothing_for_attacker(self, provider_asked, token_asked=False):
        log = self.server_log()[self.log_begin:]
        self.assertEqual("/demo/authorize" in log, provider_asked)
        self.assertEqual("/demo/token" in log, token_asked)
        self.assertEqual(self.rows("SELECT count(*) FROM sessions WHERE revoked_at = 0"), [(0,)])
        self.assertEqual(self.rows("SELECT count(*) FROM users WHERE name = 'victim'"), [(0,)])
        self.assertEqual(self.rows("SELECT count(*) FROM pairings WHERE code_hash <> '' AND state <> 'redeemed'"), [(0,)])
        self.assertIsNone(self.login.process.poll(), "the attacker's command has ended")

    def test_start_url(self):
        """AS-08: the address that the terminal prints leads nowhere on another machine"""
        self.open_as_victim(self.start_url)
        self.assert_nothing_for_attacker(provider_asked=False)

    def test_authorize_url(self):
        """AS-08, S1: no provider is contacted, no code exists"""
        authorize_url, _ = self.attacker(redirect_of, self.start_url)
        self.assertIn("/authorize?", authorize_url)
        self.assertIn("nothing here", self.open_as_victim(authorize_url))
        self.assertEqual(self.newest_state(), "challenged")
        self.assert_nothing_for_attacker(provider_asked=False)
        # And the attacker's own browser cannot take over what the victim's has begun.
        self.attacker(self.attacker_browser.open, authorize_url)
        self.assertIn("over", self.attacker(self.attacker_browser.text_of, "h1"))
        self.assert_nothing_for_attacker(provider_asked=False)

    def test_authorize_url_without_an_agent(self):
        """AS-08: the page that nobody serves has a question in its address, and no code"""
        self.victim(self.victims_login.stop, signal.SIGINT)
        authorize_url, _ = self.attacker(redirect_of, self.start_url)
        self.open_as_victim(authorize_url)  # "refused to connect"; Chromium then tries the first address again, which is spent
        self.assertFalse(self.victim(self.victim_browser.has, "form"))
        self.assertNotIn("code=", self.victim(lambda: self.victim_browser.url))
        self.assertEqual(self.newest_state(), "challenged")
        self.assert_nothing_for_attacker(provider_asked=False)

    def test_preflight_question(self):
        """AS-08: the server's question, taken by the victim to the victim's own agent, is not answered"""
        authorize_url, _ = self.attacker(redirect_of, self.start_url)
        question, _ = self.attacker(redirect_of, authorize_url)
        self.assertRegex(question, r"^http://127\.0\.0\.1:\d+/preflight/")
        self.assertIn("nothing here", self.open_as_victim(question))
        self.assert_nothing_for_attacker(provider_asked=False)

    def test_preflight_answer(self):
        """AS-08: the attacker's agent has answered in the attacker's browser; brought by the victim's, that ends the sign-in"""
        authorize_url, _ = self.attacker(redirect_of, self.start_url)
        question, cookie = self.attacker(redirect_of, authorize_url)
        answer, _ = self.attacker(redirect_of, question)
        self.assertIn("/preflight?proof=", answer)
        self.assertIn("over", self.open_as_victim(answer))
        self.assertEqual(self.newest_state(), "denied")
        self.assertIsNone(self.attacker(redirect_of, answer, {"Cookie": cookie})[0])
        self.assert_nothing_for_attacker(provider_asked=False)

    def test_provider_url(self):
        """RP-02, S1: the victim signs in at the provider, in a browser that did not begin it: burned before a token request"""
        provider_url = self.begin_as_attacker()
        self.open_as_victim(provider_url)
        self.sign_in_as_victim()
        self.assertIn("over", self.victim(self.victim_browser.text_of, "h1"))
        self.assert_nothing_for_attacker(provider_asked=True)

    def test_callback_url(self):
        """RP-02: the attacker's own answer of the provider signs the victim in nowhere, and is burned"""
        provider_url = self.begin_as_attacker()
        state = re.search(r"state=([^&]+)", provider_url).group(1)
        callback_url = self.attacker(self.provider_answer, provider_url)
        self.assertIn(f"state={state}", callback_url)
        self.assertIn("over", self.open_as_victim(callback_url))
        self.assert_nothing_for_attacker(provider_asked=True)

    @staticmethod
    def provider_answer(provider_url):
        """The callback URL that the provider sends a browser to, kept from being opened."""
        parts = urlsplit(provider_url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request("POST", f"{parts.path}?{parts.query}", f"{parts.query}&name=mallory&action=sign_in",
                           {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.getheader("Location")

    def test_confirmation_url(self):
        """AS-07: the page that approves opens in the browser that signed in, and in no other"""
        self.begin_as_attacker()
        self.attacker(self.attacker_browser.type, "input[name=name]", "mallory")
        self.attacker(self.attacker_browser.click, "button[value=sign_in]")
        self.attacker(self.attacker_browser.text_of, "button[value=approve]")
        self.assertIn("over", self.open_as_victim(self.attacker(lambda: self.attacker_browser.url)))
        self.assertFalse(self.victim(self.victim_browser.has, "button[value=approve]"))
        self.assert_nothing_for_attacker(provider_asked=True, token_asked=True)

    def test_relay_by_hand(self):
        """What remains: a victim who takes the dead page's address to the attacker, within 30 seconds, opens what comes back, approves a
        device that is not theirs on a page that names it, and takes the next dead page's address there as well."""
        authorize_url, _ = self.attacker(redirect_of, self.start_url)
        self.open_as_victim(authorize_url)
        answer, _ = self.attacker(redirect_of, self.victim(lambda: self.victim_browser.url))
        self.victim(self.victim_browser.open, answer)
        self.victim(self.victim_browser.type, "input[name=name]", "relay")
        self.victim(self.victim_browser.click, "button[value=sign_in]")
        self.assertIn("Approve only if you have just typed the command yourself", self.victim(self.victim_browser.text_of, "main"))
        self.victim(self.victim_browser.click, "button[value=approve]")
        self.assertIn("nothing here", self.victim(lambda: self.victim_browser.text))
        self.attacker(self.attacker_browser.open, self.victim(lambda: self.victim_browser.url))
        self.assertIn("relay", self.attacker(self.attacker_browser.text_of, "#signed-in"))
        self.assertEqual(self.login.finish()[0], 0)
        self.attacker(self.attacker_home.command, "logout", check=0)


if __name__ == "__main__":
    if not machine.can_be_made():
        print("needs root: each machine is a network namespace")
        sys.exit(77)  # not run, which is not passed
    unittest.main(verbosity=2)
