"""What somebody has who copied it: each thing is tried from elsewhere, and is worthless after its bound."""
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from http_browser import HttpBrowser  # noqa: E402
from stack import BIN, Stack, free_port  # noqa: E402

COOKIE_SECONDS = 3


class Recorder:
    """A relay before the server that keeps what clients send: the request line to whole requests."""

    def __init__(self, listen_port, server_port):
        self.requests = []
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", listen_port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=[client], daemon=True).start()

    def _relay(self, client):
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._server_port)) as server:
            back = threading.Thread(target=self._copy, args=[server, client, []])
            back.start()
            sent = []
            self.requests.append(sent)
            self._copy(client, server, sent)
            back.join()

    @staticmethod
    def _copy(source, target, kept):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                kept.append(data)
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def recorded(self, line):
        return [b"".join(sent) for sent in self.requests if b"".join(sent).startswith(line)]


class Copies(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        port, server_port = free_port(), free_port()
        self.stack.server_url = f"http://127.0.0.1:{port}"
        self.recorder = self.enterContext(contextlib.closing(Recorder(port, server_port)))
        issuer = self.stack.start_company_provider(f"{self.stack.server_url}/callback/company")
        self.stack.start_server(self.stack.company_configuration(self.stack.server_url, server_port, issuer, more=f'[session]\ncookie = "{COOKIE_SECONDS}s"'))
        self.stack.start_agent()
        login, url = self.stack.begin_login()
        browser = HttpBrowser(trust=str(self.stack.certificate()[0]))
        browser.open(url)
        browser.submit(login="carla", password="any")
        browser.submit()
        browser.submit(decision="approve")
        self.assertEqual(login.finish()[0], 0)

    def hand_out(self):
        """The cookie as a command gets it."""
        with socket.socket(socket.AF_UNIX) as agent:
            agent.connect(str(self.stack.runtime / "keyfob/agent.sock"))
            agent.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hand_out","params":{"url":"/session"}}\n')
            return dict(json.loads(agent.makefile().readline())["result"]["headers"])["Cookie"]

    def status(self, path="/session", body=None, **headers):
        request = urllib.request.Request(self.stack.server_url + path, data=body, headers={name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def assert_opens_nothing(self, values):
        """None of the values is good as any secret of the protocol."""
        self.assertGreater(len(values), 10)
        for value in values:
            for cookie in (value, f"keyfob={value}"):
                self.assertEqual(self.status(Cookie=cookie), 401, value)
            self.assertEqual(self.status(Authorization=f"Bearer {value}"), 401, value)
            self.assertEqual(self.status("/session/refresh", b"", Sec_Secure_Session_Id=value, Secure_Session_Response=value), 401)
            self.assertEqual(self.status("/token", f"grant_type=authorization_code&client_id=keyfob-agent&code={value}".encode()), 400)

    def test_cookie(self):
        """A copied cookie is worth its own life at most, whatever the agent does meanwhile"""
        begin = time.monotonic()
        cookie = self.hand_out()
        statuses = [self.status(Cookie=cookie)]
        while statuses[-1] == 200:
            statuses.append(self.status(Cookie=cookie))
        print(f"\ncookie of {COOKIE_SECONDS} s: refused after {time.monotonic() - begin:.2f} s", file=sys.stderr)
        self.assertEqual((statuses[0], statuses[-1]), (200, 401))
        self.stack.command("do", "/session", check=0)  # the session itself goes on
        self.assertEqual(self.status(Cookie=cookie), 401)

    def test_database_file(self):
        """KS-05: nothing that stands in the database opens anything, while it is current"""
        self.stack.command("do", "/session", check=0)
        copy = self.stack.home / "stolen.db"
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{self.stack.home}/keyfob.db{suffix}", f"{copy}{suffix}")
        values = set()
        with contextlib.closing(sqlite3.connect(copy)) as database:
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in database.execute(f"SELECT * FROM {table}"):
                    values.update(value for value in row if isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]{16,1000}", value))
        self.assertTrue(any(len(value) == 43 for value in values))  # hashes and challenges are among them
        self.assert_opens_nothing(values)

    def test_logs(self):
        """OP-01: nor does anything in the logs of server and agent, the cookie least of all"""
        cookie = self.hand_out()
        text = self.stack.server.log.read_text() + self.stack.agent.log.read_text()
        self.assertNotIn(cookie.split("=")[1], text)
        self.assert_opens_nothing(set(re.findall(r"[A-Za-z0-9_.~+/-]{12,}", text)))

    def test_recorded_renewal(self):
        """SE-11: a renewal that was recorded on its way is spent"""
        before = len(self.recorder.recorded(b"POST /session/refresh "))
        while len(self.recorder.recorded(b"POST /session/refresh ")) == before:
            self.stack.command("do", "/session", check=0)
        request = self.recorder.recorded(b"POST /session/refresh ")[-1]
        self.assertIn(b"Secure-Session-Response: ", request)
        with socket.create_connection(("127.0.0.1", int(self.stack.server_url.split(":")[2]))) as elsewhere:
            elsewhere.sendall(request)
            answer = b"".join(iter(lambda: elsewhere.recv(65536), b""))
        self.assertRegex(answer, rb"^HTTP/1.1 403 ")
        self.assertNotIn(b"Set-Cookie", answer)
        self.stack.command("do", "/session", check=0)

    def test_core_file(self):
        """AG-07: neither agent nor server leaves a core file, whatever the limits are; a program without their care does"""
        if not self.leaves_core(["/usr/bin/python3", "-c", "print(flush=True); input()"]):
            self.skipTest("this machine writes no core files at all, so nothing can be told")
        self.assertFalse(self.leaves_core([BIN / "keyfob-agent"], KEYFOB_AGENT_SOCKET=str(self.stack.runtime / "other/agent.sock")))
        self.assertFalse(self.leaves_core([BIN / "keyfob-server", "--demo", "--listen", f"127.0.0.1:{free_port()}"]))

    def leaves_core(self, arguments, **environment):
        """Aborts the program once it has said a word."""
        process = subprocess.Popen([str(word) for word in arguments], env={**self.stack.env, **environment}, cwd=self.stack.home,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=self.allow_core)
        with process.stdin, process.stdout:
            process.stdout.readline()
            os.kill(process.pid, signal.SIGABRT)
            status = os.waitpid(process.pid, 0)[1]
            process.returncode = -os.WTERMSIG(status)
        self.assertEqual(os.WTERMSIG(status), signal.SIGABRT)
        return os.WCOREDUMP(status)

    @staticmethod
    def allow_core():
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]  # which an ordinary user cannot raise
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))

    def test_keychain(self):
        """What remains: a copied software key is a clone of the session, until that is revoked"""
        thief = self.enterContext(Stack(keychain=False))
        shutil.copytree(self.stack.home / ".local/share/keyrings", thief.home / ".local/share/keyrings")
        thief.start_keychain()
        thief.start_agent()
        thief.command("do", "/session", check=0)
        self.stack.command("do", "/session", check=0)  # neither of the two ends the other
        self.stack.command("logout", check=0)
        self.assertEqual(thief.command("do", "/session").returncode, 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
