"""Somebody signs out at the provider, and every session of ours that began there ends (RP-28)."""
import pathlib
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from http_browser import HttpBrowser  # noqa: E402
from stack import Stack, free_port  # noqa: E402


class ProviderLogout(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self.issuer = self.stack.start_company_provider(f"{url}/callback/company")
        self.stack.start_server(self.stack.company_configuration(url, port, self.issuer), url)
        self.stack.start_agent()

    def sign_in(self, name):
        """The browser, which has a session at the provider as well."""
        login, url = self.stack.begin_login()
        browser = HttpBrowser(trust=str(self.stack.certificate()[0]))
        browser.open(url)
        browser.submit(login=name, password="any")
        browser.submit()
        browser.submit(decision="approve")
        code, output = login.finish()
        self.assertEqual(code, 0, output)
        return browser

    def post(self, token):
        """The status of the answer to a logout token."""
        request = urllib.request.Request(self.stack.server_url + "/backchannel-logout/company", data=urllib.parse.urlencode({"logout_token": token}).encode())
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as response:
            return response.status

    def test_sign_out_at_the_provider(self):
        """The certified provider's own back-channel logout: the next request is refused, the renewal too, and others stay"""
        carla = self.sign_in("carla")
        self.sign_in("bob")
        as_carla = ["do", "--account", "carla@company.example@" + self.stack.server_url.removeprefix("http://"), "/session"]
        as_bob = ["do", "--account", "bob@company.example@" + self.stack.server_url.removeprefix("http://"), "/session"]
        self.stack.command(*as_carla, check=0)
        carla.open(self.issuer + "/session/end")
        carla.submit(logout="yes")
        self.stack.provider.wait_for("logout told")
        self.stack.server.wait_for('"event":"provider_logout"')
        ended = self.stack.command(*as_carla, check=4)
        self.assertIn(b"cli login", ended.stderr)
        self.stack.command(*as_bob, check=0)
        self.assertIn("the provider ended its session", self.stack.server.log.read_text())

    def test_what_is_no_token(self):
        """Anybody can send something: it is answered 400 and ends nothing"""
        self.sign_in("carla")
        for token in ("", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJSUzI1NiIsInR5cCI6ImxvZ291dCtqd3QifQ.e30.AAAA", "x" * 60000):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.post(token)
            self.assertEqual(refused.exception.code, 400)
        self.stack.command("do", "/session", check=0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
