"""A flood of pushed requests leaves memory, database and the sign-ins of others as they were (OP-03, OP-04, KS-08)."""
import contextlib
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, Browser, Stack, end_with_parent, free_port  # noqa: E402

LONG = os.environ.get("KEYFOB_LONG_TESTS") == "1"
REQUESTS = 1_000_000 if LONG else 20_000  # in all
# Good proofs are written, so the disk decides how long they take: few of them, and a lower limit, where nobody waits for minutes.
SHARES = (0.2, 0.2, 0.2, 0.4) if LONG else (0.45, 0.4, 0.1, 0.05)
NETWORKS = 1_000
PROXY = "127.0.0.9"
MIB = 1024 ** 2
# The caps of server/storage/sqlite_store.h and server/http/rate_limits.h, and what their rows need at most.
PAIRINGS, PROOFS, PAIRINGS_PER_ADDRESS, AGENT_LIMIT, AGENT_PERIOD = 50_000, 200_000, 1_000, 4_000 if LONG else 500, 600
MOST_DATABASE = (PAIRINGS * 1_600 + PROOFS * 200) / MIB + 16
MOST_MEMORY = 64  # MiB more than before: caches of the connections, and what the allocator keeps


class Flood:
    """tests/tools/flood.cpp; goes on until finish()."""

    def __init__(self, stack, port, kind, requests, first_octet, networks):
        self.process = subprocess.Popen([BIN / "flood", str(port), stack.server_url, PROXY, kind, str(requests), str(first_octet), str(networks)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        assert self.process.stdout.readline() == "begun\n"

    def finish(self):
        """How many answers had which status, and the seconds."""
        output, _ = self.process.communicate()
        assert self.process.returncode == 0, output
        found = json.loads(output)
        seconds = found.pop("seconds")
        return {int(status): count for status, count in found.items()}, seconds


class FloodTest(unittest.TestCase):
    def setUp(self):
        self.stack = stack = self.enterContext(Stack())
        self.port = free_port()
        url = f"http://127.0.0.1:{self.port}"
        issuer = stack.start_company_provider(f"{url}/callback/company")
        more = '[log]\nlevel = "warning"\n' + f'[limits]\nagent = "{AGENT_LIMIT}/{AGENT_PERIOD}s"\n'
        configuration = stack.home / "server.toml"
        configuration.write_text(f'trusted_proxies = ["{PROXY}"]\n' + stack.company_configuration(url, self.port, issuer, more),
                                 encoding="utf-8")
        stack.server_url = url
        stack.server = stack.start("server", BIN / "keyfob-server", "--config", configuration,
                                   env={**stack.env, "ASAN_OPTIONS": "quarantine_size_mb=8"})  # what was freed would count as used
        self.wait_until_it_listens()
        stack.start_agent()

    def wait_until_it_listens(self):
        """A log without information does not tell."""
        while True:
            self.assertIsNone(self.stack.server.process.poll(), self.stack.all_logs())
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return

    def memory(self):
        status = pathlib.Path(f"/proc/{self.stack.server.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def database_size(self):
        return sum(path.stat().st_size for path in self.stack.home.glob("keyfob.db*") if not path.name.endswith("-shm")) / MIB

    def rows(self, query):
        with contextlib.closing(sqlite3.connect(f"file:{self.stack.home}/keyfob.db?mode=ro", uri=True)) as database:
            return database.execute(query).fetchone()[0]

    def sign_in(self, name):
        login, url = self.stack.begin_login()
        with Browser() as browser:  # that the provider has never seen
            browser.open(url)
            self.stack.sign_in_with_company(browser, name)
            browser.click("button[value=approve]")
            browser.text_of("#signed-in")
        code, output = login.finish()
        self.assertEqual(code, 0, output)
        return json.loads(output.splitlines()[-1])["account"]["name"]

    def use(self, account, times=1):
        for _ in range(times):
            self.stack.command("do", "/secured", "--account", account, check=0)

    def show(self, what, statuses, seconds):
        total = sum(statuses.values())
        print(f"  {what:<46} {total:>9,} in {seconds:6.1f} s ({total / seconds:7,.0f}/s)  "
              + "  ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items())), flush=True)

    def test_a_flood_leaves_everything_as_it_was(self):
        first = self.sign_in("carla")
        self.use(first)
        memory, size = self.memory(), self.database_size()
        print(f"\n  before: {memory:.1f} MiB resident, {size:.2f} MiB of database", flush=True)

        for share, what, kind, first_octet, networks in ((SHARES[0], "no proof, from one network", "none", 201, 1),
                                                         (SHARES[1], "a proof that is none, from 1,000 networks", "garbage", 202, NETWORKS),
                                                         (SHARES[2], "good proofs, from one network", "proven", 203, 1)):
            flood = Flood(self.stack, self.port, kind, int(REQUESTS * share), first_octet, networks)
            self.use(first, 3)
            statuses, seconds = flood.finish()
            self.show(what, statuses, seconds)
            self.assertLessEqual(set(statuses), {201, 400, 429}, statuses)
        self.assertLessEqual(statuses[201], PAIRINGS_PER_ADDRESS)
        self.assertGreater(statuses[429], statuses[201])
        self.assertLessEqual(self.rows("SELECT COUNT(*) FROM proofs"), AGENT_LIMIT + AGENT_LIMIT / AGENT_PERIOD * (seconds + 60) + 100)

        flood = Flood(self.stack, self.port, "proven", int(REQUESTS * SHARES[3]), 204, NETWORKS)
        second = self.sign_in("dora")  # of others, from another address
        self.use(first)
        self.use(second)
        statuses, seconds = flood.finish()
        self.show("good proofs, from 1,000 networks", statuses, seconds)
        # Whoever floods may be told that too many connect; whoever signs in was not kept from it.
        self.assertLessEqual(set(statuses), {201, 400, 429, 503}, statuses)

        if LONG:  # what room is left is for those who ask for little, and that is enough to sign in
            self.assertGreaterEqual(self.rows("SELECT COUNT(*) FROM pairings"), 20_000)
            self.use(self.sign_in("erik"))
        pairings, proofs = self.rows("SELECT COUNT(*) FROM pairings"), self.rows("SELECT COUNT(*) FROM proofs")
        memory_after, size_after = self.memory(), self.database_size()
        print(f"  after: {memory_after:.1f} MiB resident, {size_after:.2f} MiB of database, {pairings:,} sign-ins and {proofs:,} proofs in it", flush=True)
        self.assertLess(memory_after - memory, MOST_MEMORY)
        self.assertLess(size_after, MOST_DATABASE)
        self.assertLess(pairings, PAIRINGS)
        self.assertLess(proofs, PROOFS)
        self.assertEqual(self.rows("SELECT row_count FROM totals WHERE name = 'proofs'"), proofs)
        self.assertIsNone(self.stack.server.process.poll())


if __name__ == "__main__":
    unittest.main(verbosity=2)
