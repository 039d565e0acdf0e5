"""Many at once, with kill -9 at random points: never two sessions, never a lost revocation, never a lost account.

KEYFOB_CHAOS_ROUNDS says how often (100; `scripts/test --long` makes it 1,000). The seed is printed, and KEYFOB_CHAOS_SEED repeats a run.
"""
import contextlib
import json
import os
import pathlib
import random
import select
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from http_browser import HttpBrowser  # noqa: E402
from stack import BIN, Stack, free_port  # noqa: E402

ROUNDS = int(os.environ.get("KEYFOB_CHAOS_ROUNDS", "1000" if os.environ.get("KEYFOB_LONG_TESTS") == "1" else "100"))
SEED = int(os.environ.get("KEYFOB_CHAOS_SEED", random.SystemRandom().randrange(2**32)))
AT_ONCE = 100
ROUNDS_OF_A_DATABASE = 25  # below the caps on pushes from one address


class Device:
    """tests/tools/device.cpp: the agent's part of the protocol, each step many times at once."""

    def __init__(self, server_url, redirect_uri):
        self.process = subprocess.Popen([str(BIN / "test_device"), server_url, redirect_uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


class MortalServer:
    """A demo server that is killed when it has answered so many requests of one kind, and started again."""

    def __init__(self, stack, chance):
        self.stack, self.chance = stack, chance
        self.port = free_port()
        stack.start_demo_server(self.port)

    def survive(self, path, call, *arguments):
        """Runs the call, and kills the server after a random number of answers to `path`, all before the call can be complete."""
        result = []
        thread = threading.Thread(target=lambda: result.append(call(*arguments)))
        thread.start()
        for _ in range(self.chance.randrange(1, AT_ONCE // 2)):
            self.stack.server.wait_for(f'"path":"{path}"')
        self.stack.server.stop(signal.SIGKILL)
        self.stack.start_demo_server(self.port)  # on this thread: what a thread starts ends with it
        thread.join()
        return result[0]


class ManyAtOnce(unittest.TestCase):
    def database(self, query, *values):
        file = next((self.stack.home / ".local/state/keyfob").glob("demo-*.db"))
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def approve(self, device, redirect_uri, name):
        """A whole sign-in up to the code."""
        base = redirect_uri.split("/cb/")[0]
        browser = HttpBrowser(stop_before=base)
        browser.open(device("answer", browser.open(device("push"))))
        browser.submit(name=name, action="sign_in")
        return browser.submit(decision="approve").split("code=")[1].split("&")[0]

    def test_redeem_renew_revoke(self):
        """S8, AS-04, SE-11, SE-13: 100 redeems, renewals and revocations at once of each session, under kill -9"""
        print(f"seed {SEED}, {ROUNDS} rounds", file=sys.stderr)
        chance = random.Random(SEED)
        for first in range(0, ROUNDS, ROUNDS_OF_A_DATABASE):
            with Stack(keychain=False) as self.stack:
                server = MortalServer(self.stack, chance)
                for number in range(first, min(first + ROUNDS_OF_A_DATABASE, ROUNDS)):
                    with self.subTest(round=number):
                        self.one_round(server, f"person-{number}")

    def one_round(self, server, name):
        redirect_uri = f"http://127.0.0.1:{free_port()}/cb/{'A' * 22}"
        device = Device(self.stack.server_url, redirect_uri)
        with contextlib.closing(device):
            code = self.approve(device, redirect_uri, name)
            redeemed = server.survive("/token", device, "redeem", code, AT_ONCE)
            self.assertEqual(list(redeemed.values()), [AT_ONCE], redeemed)  # all of them the same session
            self.assertEqual(self.database("SELECT count(*), min(s.id) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.name = ?", name),
                             [(1, next(iter(redeemed)))])

            renewed = server.survive("/session/refresh", device, "renew", AT_ONCE)
            self.assertLessEqual(set(renewed), {"granted", "challenge"})
            self.assertEqual(device("renew", 1), {"granted": 1})  # nobody has lost the session
            self.assertEqual(set(device("use")), {"200"})

            self.assertEqual(server.survive("/revoke", device, "revoke", AT_ONCE), {"revoked": AT_ONCE})
            self.assertEqual(device("renew", 2), {"session_ended": 2})
            self.assertEqual(set(device("use")), {"401"})


def kill_and_wait(pid):
    """The end of a connection would be too early: the kernel closes it before the socket that it came from, and the lock."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        select.select([descriptor], [], [])
        os.close(descriptor)


class AgentKilled(unittest.TestCase):
    """The real agent and commands. Cookies live shorter than the agent's margin, so that every hand-out is a renewal."""

    def setUp(self):
        self.chance = random.Random(SEED)
        self.stack = self.enterContext(Stack())
        port = free_port()
        self.stack.server_url = f"http://127.0.0.1:{port}"
        issuer = self.stack.start_company_provider(f"{self.stack.server_url}/callback/company")
        self.stack.start_server(self.stack.company_configuration(self.stack.server_url, port, issuer, more='[session]\ncookie = "3s"'))
        self.addCleanup(self.kill_agent)
        self.assertEqual(self.sign_in(kill_after=None), 0)

    def kill_agent(self):
        """Whichever serves the socket: the commands start a new one when they find none."""
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(ConnectionError):
            probe.connect(str(self.stack.runtime / "keyfob/agent.sock"))
            pid = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0]
            kill_and_wait(pid)

    def kill_agent_after(self, path, count):
        """`count` 0: at once."""
        for _ in range(count):
            self.stack.server.wait_for(f'"path":"{path}"')
        self.kill_agent()

    def start_command(self, *arguments):
        return subprocess.Popen([str(BIN / "cli"), *arguments], env=self.stack.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def sign_in(self, kill_after):
        """The exit code of a sign-in; `kill_after`: the agent dies after so many requests to /token (1: the answer may be on its way)."""
        login, url = self.stack.begin_login()
        browser = HttpBrowser(trust=str(self.stack.certificate()[0]))
        browser.open(url)
        browser.submit(login="carla", password="any")
        browser.submit()
        approval = threading.Thread(target=self.approve, args=[browser])
        approval.start()
        if kill_after is not None:
            self.kill_agent_after("/token", kill_after)
        approval.join()
        return login.finish()[0]

    @staticmethod
    def approve(browser):
        with contextlib.suppress(OSError):  # the agent may be gone when its last page is asked for
            browser.submit(decision="approve")

    def assert_signed_in(self):
        self.stack.command("do", "/session", check=0)

    def test_renewals(self):
        """AG-11: the agent dies while commands wait for renewals"""
        for number in range(ROUNDS):
            with self.subTest(round=number):
                commands = [self.start_command("do", "/session") for _ in range(5)]
                self.kill_agent_after("/session/refresh", self.chance.randrange(2))
                for command in commands:
                    self.assertIn(command.wait(timeout=60), (0, 7))
                self.assert_signed_in()

    def test_sign_ins(self):
        """The agent dies around the redemption of a new sign-in to the same account: the one before, or the new one, is there"""
        for number in range(ROUNDS // 5):
            with self.subTest(round=number):
                self.assertIn(self.sign_in(kill_after=self.chance.randrange(2)), (0, 7))
                self.assert_signed_in()

    def test_sign_outs(self):
        """AG-13: a sign-out that was confirmed, or that reached the server, is never undone"""
        for number in range(ROUNDS // 5):
            with self.subTest(round=number):
                revocations = self.stack.server.log.read_text().count("session_revoked")
                logout = self.start_command("logout")
                self.kill_agent_after("/revoke", self.chance.randrange(2))
                done = logout.wait(timeout=60) == 0
                known = self.stack.server.log.read_text().count("session_revoked") > revocations or done
                code = self.stack.command("do", "/session").returncode  # the server may still be at a request of the killed agent
                self.assertIn(code, (4,) if known else (0, 4))
                if code == 4:
                    self.assertEqual(self.sign_in(kill_after=None), 0)
                self.assert_signed_in()


if __name__ == "__main__":
    unittest.main(verbosity=2)
