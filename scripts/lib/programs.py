"""Starts the real neighbours of Keyfob on one machine: a session bus, gnome-keyring, and our own programs.

Used by the demo and by the tests. Every program ends with the process that started it, even when that one is killed.
"""
import contextlib
import ctypes
import pathlib
import queue
import random
import re
import signal
import socket
import subprocess
import threading
import time

WAIT = 60  # seconds; a bound for what hangs, not a measure of speed
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port():
    """Of those that Linux gives to no outgoing connection, so that none takes it before the program that is to have it."""
    while True:
        port = random.randrange(20000, 32000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class Program:
    """A running process whose output is kept in a file and can be waited for line by line."""

    def __init__(self, arguments, environment, log, **options):
        self.log = pathlib.Path(log)
        self.ended_at = None  # when its output ended, in seconds since 1970
        self._lines = queue.Queue()
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.STDOUT)
        self.process = subprocess.Popen([str(a) for a in arguments], env=environment, stdout=subprocess.PIPE,
                                        text=True, errors="replace", preexec_fn=end_with_parent, **options)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with open(self.log, "a", encoding="utf-8") as file:
            for line in self.process.stdout:
                file.write(line)
                file.flush()
                self._lines.put(line)
        self.ended_at = time.time()
        self._lines.put(None)

    def wait_for(self, pattern, timeout=WAIT):
        """The match of the first line from here on that has `pattern`. AssertionError when the program ends before."""
        while True:
            line = self._lines.get(timeout=timeout)
            if line is None:
                raise AssertionError(f"{self.log.name} ended before it printed {pattern!r}:\n{self.log.read_text(errors='replace')}")
            match = re.search(pattern, line)
            if match:
                return match

    def finish(self, timeout=WAIT):
        """Waits until the program ends by itself; its exit code and all that it printed."""
        code = self.process.wait(timeout=timeout)
        self._reader.join(timeout=timeout)
        return code, self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.send_signal(signal.SIGCONT)
        self.process.wait(timeout=WAIT)
        self._reader.join(timeout=WAIT)
        self.process.stdout.close()


def start_bus(socket_path, environment, log):
    """A session bus at a path of our choice. Returns when it takes connections."""
    bus = Program(["dbus-daemon", "--session", "--nofork", "--print-address", f"--address=unix:path={socket_path}"], environment, log)
    bus.wait_for("unix:path=")
    return bus


def start_keychain(password, environment, log):
    """gnome-keyring's Secret Service on the bus of `environment`, its login keyring unlocked by `password`.

    Returns when the name is owned: a client that asks before makes D-Bus start a second, locked daemon.
    """
    daemon = Program(["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"], environment, log, stdin=subprocess.PIPE)
    daemon.process.stdin.write(password)
    daemon.process.stdin.close()
    subprocess.run(["gdbus", "wait", "--session", "--timeout", str(WAIT), "org.freedesktop.secrets"], check=True, env=environment)
    return daemon
