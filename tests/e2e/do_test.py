"""`cli do` and the server's edges with the real programs: large bodies, redirects, hostile text, lost answers, a session that was ended."""
import http.server
import json
import os
import pathlib
import re
import resource
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import unittest
from urllib.parse import parse_qsl, urlsplit

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, CLIENT_SECRET, Browser, Stack, free_port  # noqa: E402

TWO_GIGABYTES = 2 * 1024 ** 3
LONG = os.environ.get("KEYFOB_LONG_TESTS") == "1"


class Front(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Stands where the agent believes its server to be, and passes on what a test does not answer itself."""
    daemon_threads = True

    def __init__(self, port, behind, answer=None):
        self.behind = behind
        self.answer = answer
        self.seen = []
        self.exchanges = []  # path, body, answer: everything that was passed on
        super().__init__(("127.0.0.1", port), FrontHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class FrontHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def pass_on(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path))
        if self.server.answer and self.server.answer(self):
            return
        self.close_connection = True
        try:
            behind = socket.create_connection(self.server.behind)
        except ConnectionRefusedError:
            return  # the server has gone: so does this connection
        with behind:
            head = f"{self.command} {self.path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in self.headers.items() if k.lower() != "connection")
            behind.sendall(head.encode("latin-1") + b"Connection: close\r\n\r\n" + body)
            answer = b"".join(iter(lambda: behind.recv(65536), b""))
        self.server.exchanges.append((self.path, body.decode(), answer.decode(errors="replace")))
        if not self.swallow(answer):
            self.wfile.write(answer)

    def swallow(self, _answer):
        lost = getattr(self.server, "lose", None)
        if lost and self.path == lost:
            self.server.lose = None
            return True
        return False

    do_GET = do_POST = pass_on


class BehindFront(unittest.TestCase):
    """A server with the certified provider, reached through a front of the test's own."""

    def setUp(self):
        self.stack = stack = self.enterContext(Stack())
        port, inner = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        issuer = stack.start_company_provider(f"{self.url}/callback/company")
        stack.start_server(stack.company_configuration(self.url, inner, issuer), self.url)
        self.front = self.enterContext(Front(port, ("127.0.0.1", inner)))
        stack.start_agent()

    def sign_in(self, browser):
        login, start = self.stack.begin_login()
        browser.open(start)
        self.stack.sign_in_with_company(browser)
        browser.click("button[value=approve]")
        browser.text_of("#signed-in")
        code, output = login.finish()
        self.assertEqual(code, 0, output)

    def test_lost_answer_of_token(self):
        """AS-04: the answer to /token is lost, the repetition gets the same session"""
        self.front.lose = "/token"
        with Browser() as browser:
            self.sign_in(browser)
        self.assertGreaterEqual(self.front.seen.count(("POST", "/token")), 2)
        self.assertIn(b"carla", self.stack.command("do", "/secured", check=0).stdout)
        log = self.stack.server.log.read_text()
        self.assertEqual(log.count('"event":"session_created"'), 1)
        self.assertNotIn("code_replayed", log)

    def secrets_that_passed(self):
        """Codes, states, verifiers, request URIs and cookies of everything that the front has seen."""
        found = set()
        for path, body, answer in self.front.exchanges:
            for name, value in [*parse_qsl(urlsplit(path).query), *parse_qsl(body)]:
                if name in ("code", "state", "request_uri", "code_verifier", "csrf"):
                    found.add(value)
            found.update(re.findall(r"^Set-Cookie: [^=]+=([^;]+);", answer, re.MULTILINE))
        return found

    def test_nothing_secret_is_logged(self):
        """S7, S18, OP-01: of a sign-in, a request, a renewal and a sign-out"""
        with Browser() as browser:
            self.sign_in(browser)
        self.stack.command("do", "/secured", check=0)
        self.stack.command("logout", check=0)
        secrets = self.secrets_that_passed()
        self.assertGreaterEqual(len(secrets), 8, secrets)  # the provider's and our own code and state, verifier, request URI, two cookies, form token
        logs = {log.name: log.read_text(errors="replace") for log in (self.stack.server.log, self.stack.agent.log, self.stack.logs / "login-1.log")}
        self.assertIn('"path":"/callback/company"', logs["server.log"])
        hits = [(name, secret) for name, text in logs.items() for secret in (*secrets, CLIENT_SECRET) if secret in text]
        self.assertEqual(hits, [])

    def test_session_cookie_stays_at_its_origin(self):
        """AG-08: a redirect to another origin is not followed, and nothing is sent there"""
        with Browser() as browser, socket.socket() as elsewhere:
            elsewhere.bind(("127.0.0.1", 0))
            elsewhere.listen()
            target = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/steal"
            self.sign_in(browser)

            def answer(handler):
                if handler.path == "/away":
                    handler.wfile.write(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 5\r\n\r\nmoved".encode())
                    return True
                if handler.path == "/inside":
                    handler.wfile.write(b"HTTP/1.1 303 See Other\r\nLocation: /secured\r\nContent-Length: 0\r\n\r\n")
                    return True
                if handler.path == "/hostile":
                    handler.wfile.write(b"HTTP/1.1 500 \x1b[31mred\x07\r\nContent-Length: 4\r\nX-Evil: \x1b]0;title\x07\r\n\r\nbody")
                    return True
                return False

            self.front.answer = answer
            away = self.stack.command("do", "/away")
            self.assertEqual(away.stdout, b"moved")
            self.assertIn(b"not", away.stderr)
            elsewhere.setblocking(False)
            with self.assertRaises(BlockingIOError):
                elsewhere.accept()
            self.assertIn(b"carla", self.stack.command("do", "/inside", check=0).stdout)
            # CL-02: control characters of a server reach no terminal through our own talk.
            for arguments in (["/hostile"], ["-i", "/hostile"]):
                hostile = self.stack.command("do", *arguments)
                self.assertEqual(hostile.returncode, 1)
                self.assertNotIn(b"\x1b", hostile.stderr + hostile.stdout)
            foreign = self.stack.command("do", f"http://127.0.0.1:{elsewhere.getsockname()[1]}/")
            self.assertEqual(foreign.returncode, 4)

    def test_large_bodies_in_constant_memory(self):
        """2 GB with --long, 64 MB otherwise: the same octets, less than 64 MiB of memory"""
        size = TWO_GIGABYTES if LONG else 64 * 1024 ** 2
        piece = bytes(range(256)) * 4096

        def answer(handler):
            if handler.path != "/large":
                return False
            handler.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            for _ in range(size // len(piece)):
                handler.wfile.write(piece)
            return True

        with Browser() as browser:
            self.sign_in(browser)
        self.front.answer = answer
        command = subprocess.Popen([str(BIN / "cli"), "do", "/large"], env=self.stack.env, stdout=subprocess.PIPE)
        count = 0
        while block := command.stdout.read(len(piece)):
            self.assertEqual(block, piece)
            count += len(block)
        _, code, usage = os.wait4(command.pid, 0)
        command.returncode = os.waitstatus_to_exitcode(code)
        command.stdout.close()
        self.assertEqual((command.returncode, count), (0, size))
        self.assertLess(usage.ru_maxrss, 64 * 1024)

    def test_truncated_body_is_an_error(self):
        with Browser() as browser:
            self.sign_in(browser)

        def answer(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            handler.close_connection = True
            return True

        self.front.answer = answer
        cut = self.stack.command("do", "/secured")
        self.assertEqual(cut.returncode, 1)
        self.assertIn(b"error: ", cut.stderr)

    def test_ended_by_the_server(self):
        """a session that the server has ended: exit 4; somebody else's 401: exit 1, and the account stays (SE-11)"""
        with Browser() as browser:
            self.sign_in(browser)
        self.front.answer = lambda handler: handler.wfile.write(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n") or True
        self.assertEqual(self.stack.command("do", "/secured").returncode, 1)
        self.front.answer = None
        self.stack.command("do", "/secured", check=0)
        database = self.stack.home / "keyfob.db"
        subprocess.run([sys.executable, "-c", "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\nc.execute('UPDATE users SET disabled=1')\nc.commit()", str(database)], check=True)
        ended = self.stack.command("do", "/secured")  # AS-22: counts on the next request, though another process wrote it
        self.assertEqual(ended.returncode, 4, ended.stderr)
        self.assertIn(b"login", ended.stderr)

    def test_logout_without_server(self):
        """AG-13: says that the server could not be reached, and forgets all the same"""
        with Browser() as browser:
            self.sign_in(browser)
        self.stack.server.stop(signal.SIGKILL)
        done = self.stack.command("logout")
        self.assertIn(self.url.encode().split(b"//")[1], done.stderr)
        self.assertEqual(json.loads(self.stack.command("status", "--json", check=0).stdout)["accounts"], [])


class Configuration(unittest.TestCase):
    """OP-10: file, line, what was expected; nothing secret in what --check shows"""

    def check(self, stack, text):
        path = stack.home / "server.toml"
        path.write_text(text, encoding="utf-8")
        return subprocess.run([str(BIN / "keyfob-server"), "--config", str(path), "--check"], env=stack.env, capture_output=True, text=True, timeout=60)

    def test_check(self):
        with Stack(keychain=False) as stack:
            secret = stack.client_secret = stack.home / "client-secret"
            secret.write_text("canary-secret\n")
            secret.chmod(0o600)
            good = stack.company_configuration("http://127.0.0.1:8420", 8420, "https://id.example.com")
            done = self.check(stack, good)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn("canary-secret", done.stdout)
            self.assertIn("********", done.stdout)
            for wrong, expected in ((good.replace("listen =", "lisen ="), "server.toml:2: lisen is not known"),
                                    (good.replace('"127.0.0.1:8420"', "8420"), "server.toml:2: listen is not text"),
                                    (good + "[[", "server.toml:"),
                                    (good.replace("email_domain", "emaildomain"), "emaildomain is not known"),
                                    (good.replace("http://127.0.0.1:8420", "http://id.example.com"), "plain http")):
                done = self.check(stack, wrong)
                self.assertEqual(done.returncode, 3)
                self.assertIn(expected, done.stderr)
            secret.chmod(0o644)
            self.assertIn("read by others", self.check(stack, good).stderr)

    def test_demo_is_for_this_machine_alone(self):
        with Stack(keychain=False) as stack:
            done = subprocess.run([str(BIN / "keyfob-server"), "--demo", "--listen", "0.0.0.0:8421"], env=stack.env, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 3)
            self.assertIn("this machine alone", done.stderr)

    def test_full_disk(self):
        """KS-09: a database that cannot be made is said, and nothing is served"""
        with Stack(keychain=False) as stack:
            def limit():
                resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # no file of this process can grow beyond a page
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            done = subprocess.run([str(BIN / "keyfob-server"), "--demo", "--listen", f"127.0.0.1:{free_port()}"], env=stack.env, capture_output=True, text=True, timeout=60, preexec_fn=limit)
            self.assertEqual(done.returncode, 1)
            self.assertIn("error: ", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
