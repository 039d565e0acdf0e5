"""How a sign-in can end other than well: one row of the issue's list each, with its exit code."""
import contextlib
import http.client
import json
import pathlib
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import unittest
from urllib.parse import quote

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import Browser, Stack, free_port  # noqa: E402


def nobody_listens(url):
    host, port = url.split("/")[2].split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def status_of(url, headers=None, method="GET"):
    """The status of one request that follows no redirect."""
    host = url.split("/")[2]
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request(method, url.split(host, 1)[1] or "/", headers=headers or {})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def wait_until_unread(port):
    """Returns when octets wait at a local TCP port whose program is stopped: the peer has sent its request."""
    while True:
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, _, _, queues = line.split()[:5]
            if int(local.split(":")[1], 16) == port and int(queues.split(":")[1], 16) > 0:
                return


class Endings(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.stack.start_demo_server()
        self.stack.start_agent()

    def last_event(self, output):
        return json.loads([line for line in output.splitlines() if line.startswith("{")][-1])

    def test_declined_at_the_provider(self):
        """S9, RP-21: the command ends at once, with exit 2"""
        with Browser() as browser:
            login, url = self.stack.begin_login()
            browser.open(url)
            browser.click("button[value=cancel]")
            browser.text_of("#declined")
            code, output = login.finish()
        self.assertEqual(code, 2, output)
        self.assertIn("the person cancelled", output)
        self.assertEqual(self.last_event(output)["code"], "cancelled")

    def test_declined_on_our_page_is_final(self):
        with Browser() as browser:
            login, url = self.stack.begin_login()
            browser.open(url)
            self.stack.sign_in_with_demo(browser, decision="decline")
            browser.text_of("#declined")
            self.assertEqual(login.finish()[0], 2)
            browser.back()
            browser.wait_for_heading("This sign-in was declined")
        self.assertEqual(self.stack.command("do", "/secured").returncode, 4)

    def test_back_after_the_approval(self):
        with Browser() as browser:
            self.stack.signed_in(browser)
            browser.back()
            browser.wait_for_heading("This sign-in is finished")
            self.assertIn("run the command in the terminal again", browser.text)
        self.stack.command("do", "/secured", check=0)

    def test_left_behind_by_a_newer_tab(self):
        with Browser() as browser:
            login, url = self.stack.begin_login()
            browser.open(url)
            browser.type("input[name=name]", "ann")
            browser.click("button[value=sign_in]")
            browser.text_of("button[value=approve]")
            old = browser.url
            browser.open(url)  # the start page once more: a fresh push
            self.stack.sign_in_with_demo(browser, decision="decline")
            self.assertEqual(login.finish()[0], 2)
            browser.open(old)
            browser.wait_for_heading("A newer sign-in has taken its place")

    def test_cancelled_in_the_terminal(self):
        with Browser() as browser:
            login, url = self.stack.begin_login()
            browser.open(url)
            browser.type("input[name=name]", "ann")
            browser.click("button[value=sign_in]")
            browser.text_of("button[value=approve]")
            login.process.send_signal(signal.SIGINT)
            self.assertEqual(login.finish()[0], 2)
            self.stack.server.wait_for('"path":"/par/cancel","status":"200"')
            browser.click("button[value=approve]")
            browser.wait_for_heading("This sign-in was cancelled")

    def test_refused_by_the_rules(self):
        """S15: exit 6"""
        with Stack() as stack, Browser() as browser:
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            issuer = stack.start_company_provider(f"{url}/callback/company")
            stack.start_server(stack.company_configuration(url, port, issuer, rules='[[allow]]\nprovider = "company"\nemail = "boss@company.example"'), url)
            stack.start_agent()
            login, start = stack.begin_login()
            browser.open(start)
            stack.sign_in_with_company(browser)
            browser.text_of("#not-allowed")
            code, output = login.finish()
            self.assertEqual(code, 6, output)
            self.assertIn("carla@company.example", output)

    def test_nobody_finishes(self):
        """exit 9, and the listener is gone"""
        login, url = self.stack.begin_login("--timeout", "1s")
        code, output = login.finish()
        self.assertEqual(code, 9, output)
        self.assertTrue(nobody_listens(url))

    def test_interrupted(self):
        """Ctrl-C: exit 2, the listener is gone, and the pairing is over at the server too"""
        with Browser() as browser:
            login, url = self.stack.begin_login()
            browser.open(url)
            browser.type("input[name=name]", "ann")
            login.process.send_signal(signal.SIGINT)
            code, output = login.finish()
            self.assertEqual(code, 2, output)
            self.stack.server.wait_for('"path":"/par/cancel","status":"200"')
            browser.click("button[value=sign_in]")
            browser.wait_for_heading("This sign-in was cancelled")
        self.assertTrue(nobody_listens(url))

    def test_killed_command_cancels_too(self):
        with Browser() as browser:
            login, url = self.stack.begin_login()
            browser.open(url)
            browser.text_of("input[name=name]")
            login.stop(signal.SIGKILL)
            self.stack.server.wait_for('"path":"/par/cancel","status":"200"')

    def test_stray_requests_change_nothing(self):
        """AG-02, AG-03, AG-05: other paths, methods, hosts, origins, states"""
        with Browser() as browser:
            login, url = self.stack.begin_login()
            base, path = url.split("/s/")[0], "/s/" + url.split("/s/")[1]
            browser.open(url)
            browser.text_of("input[name=name]")
            self.assertEqual(status_of(base + "/favicon.ico"), 404)
            self.assertEqual(status_of(base + "/cb/wrong?code=x&state=y"), 404)
            self.assertEqual(status_of(url, method="POST"), 405)
            self.assertEqual(status_of(url, method="OPTIONS"), 405)
            self.assertEqual(status_of(url, {"Host": "evil.example"}), 421)
            self.assertEqual(status_of(url, {"Origin": "https://evil.example"}), 403)
            self.assertEqual(status_of(url, {"Sec-Fetch-Mode": "no-cors"}), 403)
            self.assertEqual(status_of(url, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}), 403)
            redirect = self.stack.server.log.read_text()
            self.assertNotIn(path, redirect)
            self.stack.sign_in_with_demo(browser)
            browser.text_of("#signed-in")
            self.assertEqual(login.finish()[0], 0)

    def test_wrong_state_at_the_callback(self):
        """AG-03: at the real address of this sign-in the page says so, and the flow stays pending"""
        with Browser() as browser:
            login, url = self.stack.begin_login()
            browser.open(url)
            browser.type("input[name=name]", "ann")
            browser.click("button[value=sign_in]")
            browser.text_of("button[value=approve]")
            redirect_uri, state = self.pairing()
            issuer = quote(self.stack.server_url, safe="")
            with Browser() as other:
                for answer in (f"code=stolen&state=wrong&iss={issuer}", f"code=stolen&state={state}&iss=http%3A%2F%2Fevil.example",
                               f"code=stolen&state={state}", f"error=access_denied&state=wrong&iss={issuer}"):
                    other.open(f"{redirect_uri}?{answer}")
                    other.text_of("#not-yours")
            browser.click("button[value=approve]")
            browser.text_of("#signed-in")
            self.assertEqual(login.finish()[0], 0)

    def pairing(self):
        """Redirect URI and state of the newest pairing, as only the server's database has them."""
        file = next((self.stack.home / ".local/state/keyfob").glob("demo-*.db"))
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return database.execute("SELECT redirect_uri, client_state FROM pairings ORDER BY id DESC").fetchone()

    def test_other_browser_burns_the_flow(self):
        """RP-02, S5: a provider's answer that arrives in another browser ends the pairing, without a token request"""
        with Browser() as browser, Browser() as other:
            login, url = self.stack.begin_login()
            browser.open(url)
            browser.type("input[name=name]", "ann")
            # The second browser fills in the same provider page: its answer carries a genuine state and no flow cookie.
            provider_page = browser.url
            other.open(provider_page)
            other.type("input[name=name]", "victim")
            other.click("button[value=sign_in]")
            other.wait_for_heading("This sign-in is over")
            self.assertNotIn(provider_page.split("state=")[1].split("&")[0], other.source)  # S3
            self.stack.server.wait_for("flow_burned")
            browser.click("button[value=sign_in]")
            browser.wait_for_heading("This sign-in was declined")
        self.assertNotIn("/demo/token", self.stack.server.log.read_text())
        login.stop(signal.SIGINT)

    def test_server_killed_between_callback_and_redeem(self):
        """S8: the sign-in completes after the restart"""
        stack = self.stack
        port = int(stack.server_url.split(":")[2])
        with Browser() as browser:
            login, url = stack.begin_login()
            browser.open(url)
            browser.type("input[name=name]", "ann")
            browser.click("button[value=sign_in]")
            browser.text_of("button[value=approve]")
            stack.agent.process.send_signal(signal.SIGSTOP)  # so that it cannot redeem before the server is gone
            clicking = threading.Thread(target=browser.click, args=["button[value=approve]"])
            clicking.start()
            stack.server.wait_for('"path":"/confirm","status":"303"')
            wait_until_unread(int(url.split("/")[2].split(":")[1]))  # the answer has reached the browser
            stack.server.stop(signal.SIGKILL)
            stack.agent.process.send_signal(signal.SIGCONT)
            stack.start_demo_server(port)
            clicking.join()
            browser.text_of("#signed-in")
            code, output = login.finish()
            self.assertEqual(code, 0, output)
        stack.command("do", "/secured", check=0)

    def test_unknown_and_foreign_servers(self):
        """AG-12: what is no keyfob server is named as such; nothing is begun"""
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            nobody = self.stack.command("login", f"http://127.0.0.1:{silent.getsockname()[1]}", "--no-browser")
        self.assertEqual(nobody.returncode, 1)
        self.assertIn(b"error: ", nobody.stderr)
        plain = self.stack.command("login", "http://id.example.com", "--no-browser")
        self.assertEqual(plain.returncode, 3)  # S12


class SlowProvider(unittest.TestCase):
    def test_nobody_else_is_delayed(self):
        """S6: a provider that takes connections and never answers"""
        with Stack() as stack, Stack() as somebody_else, Browser() as browser, socket.socket() as hole:
            hole.bind(("127.0.0.1", 0))
            hole.listen(64)
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            issuer = stack.start_company_provider(f"{url}/callback/company")
            slow = f'[[provider]]\nid = "slow"\nissuer = "https://localhost:{hole.getsockname()[1]}"\nclient_id = "keyfob"\nallow_addresses = ["127.0.0.1"]'
            stack.start_server(stack.company_configuration(url, port, issuer, slow), url)
            stack.start_agent()
            waiting, start = stack.begin_login()
            with Browser() as patient:
                patient.open(start)
                clicking = threading.Thread(target=patient.click, args=['a[href*="/authorize/slow"]'])
                clicking.start()
                held = self.enterContext(hole.accept()[0])  # the server has asked the provider, and waits
                self.assertIsNotNone(held)
                self.assertEqual(status_of(f"{url}/livez"), 200)
                self.assertEqual(status_of(f"{url}/secured"), 401)
                somebody_else.server_url = url
                login, second = somebody_else.begin_login()
                browser.open(second)
                browser.click('a[href*="/authorize/company"]')
                stack.sign_in_with_company(browser)
                browser.click("button[value=approve]")
                browser.text_of("#signed-in")
                self.assertEqual(login.finish()[0], 0)
                clicking.join()
                code, output = waiting.finish()
                self.assertEqual(code, 1, output)
                self.assertIn("slow", output)


if __name__ == "__main__":
    unittest.main(verbosity=2)
