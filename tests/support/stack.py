"""The real programs with real neighbours for tests: a session bus, gnome-keyring, keyfob-server, keyfob-agent and the command.

Everything lives in one temporary folder (home, runtime directory, logs) and ends with the `Stack`; only processes that were
started here are ended.
"""
import contextlib
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
BUILD = pathlib.Path(os.environ.get("KEYFOB_BUILD", ROOT / "build"))
BIN = BUILD / "bin"
PASSWORD = "correct horse"
WAIT = 60  # seconds; a bound for what hangs, not a measure of speed


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """A running process whose output is kept in a file and can be waited for line by line."""

    def __init__(self, arguments, environment, log, **options):
        self.log = pathlib.Path(log)
        self.lines = queue.Queue()
        self.process = subprocess.Popen([str(a) for a in arguments], env=environment, stdin=options.pop("stdin", subprocess.DEVNULL),
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with open(self.log, "a", encoding="utf-8") as file:
            for line in self.process.stdout:
                file.write(line)
                file.flush()
                self.lines.put(line)
        self.lines.put(None)

    def wait_for(self, pattern):
        """The match of the first line from here on that has `pattern`."""
        while True:
            line = self.lines.get(timeout=WAIT)
            if line is None:
                raise AssertionError(f"{self.log.name} ended before it printed {pattern!r}:\n{self.log.read_text()}")
            match = re.search(pattern, line)
            if match:
                return match

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(timeout=WAIT)
        self._reader.join(timeout=WAIT)
        self.process.stdout.close()


class Stack(contextlib.ExitStack):
    """`with Stack() as stack:` gives a home with a keychain; the programs are started by its methods."""

    def __init__(self, keychain=True):
        super().__init__()
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="keyfob-test-"))
        self.callback(shutil.rmtree, self.home, ignore_errors=True)
        self.runtime = self.home / "run"
        self.runtime.mkdir(mode=0o700)
        self.logs = self.home / "logs"
        self.logs.mkdir()
        self.env = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime), "LANG": "C.UTF-8"}
        self.keychain_daemon = None
        self.agent_program = None
        self.server_url = None
        if keychain:
            self.start_bus()
            self.start_keychain()

    # Neighbours
    def start(self, name, arguments, **options):
        program = Program(arguments, options.pop("env", self.env), self.logs / f"{name}.log", **options)
        self.callback(program.stop)
        return program

    def start_bus(self):
        """At the place where a desktop has it, so that no variable is needed to find it."""
        bus = self.start("bus", ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address=unix:path={self.runtime}/bus"])
        bus.wait_for("unix:path=")

    def start_keychain(self, password=PASSWORD):
        daemon = self.start("keychain", ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"], stdin=subprocess.PIPE)
        daemon.process.stdin.write(password)
        daemon.process.stdin.close()
        subprocess.run(["gdbus", "wait", "--session", "--timeout", str(WAIT), "org.freedesktop.secrets"], check=True,
                       env={**self.env, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.runtime}/bus"})
        self.keychain_daemon = daemon

    def bus_env(self):
        return {**self.env, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.runtime}/bus"}

    # Our programs
    def start_demo_server(self, port=None):
        port = port or free_port()
        server = self.start("server", [BIN / "keyfob-server", "--demo", "--listen", f"127.0.0.1:{port}"])
        server.wait_for("istening on")
        self.server_url = f"http://127.0.0.1:{port}"
        return server

    def start_server(self, configuration):
        path = self.home / "server.toml"
        path.write_text(configuration, encoding="utf-8")
        server = self.start("server", [BIN / "keyfob-server", "--config", path])
        server.wait_for("istening on")
        return server

    def start_agent(self):
        agent = self.start("agent", [BIN / "keyfob-agent"])
        agent.wait_for("istening")
        self.agent_program = agent
        return agent

    def command(self, *arguments, env=None, stdin=b"", check=None):
        """Runs `cli …` to its end. With `check`, the exit code must be that."""
        done = subprocess.run([str(BIN / "cli"), *map(str, arguments)], env=env or self.env, input=stdin, capture_output=True, timeout=WAIT * 3)
        if check is not None and done.returncode != check:
            raise AssertionError(f"cli {' '.join(map(str, arguments))}: exit {done.returncode} instead of {check}\n"
                                 f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}\n{self.all_logs()}")
        return done

    def begin_login(self, *arguments, env=None):
        """Starts `cli login --no-browser --json …`; the program and the start URL."""
        self._logins = getattr(self, "_logins", 0) + 1
        login = self.start(f"login-{self._logins}", [BIN / "cli", "login", self.server_url, "--no-browser", "--json", *arguments],
                           env=env or self.env)
        return login, json.loads(login.wait_for(r'^\{.*"url".*').group(0))["url"]

    def all_logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')}" for path in sorted(self.logs.iterdir()))


def finish(program):
    """Waits for a command that was started to end by itself; its exit code and all that it printed."""
    code = program.process.wait(timeout=WAIT)
    program._reader.join(timeout=WAIT)
    return code, program.log.read_text(encoding="utf-8")
