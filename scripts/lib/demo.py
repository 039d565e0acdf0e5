"""The tour of scripts/demo: see there."""
import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import textwrap

from programs import Program, free_port, start_bus, start_keychain
from webdriver import Browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "bin"
NAME = "ann"


class Problem(Exception):
    """What went wrong and what to do about it, for a person."""

    def __init__(self, what, hint):
        super().__init__(what)
        self.hint = hint


def say(text=""):
    print(text, flush=True)


def heading(text):
    say(f"\n{text}")


def demo_folder():
    """One folder for all that the demo makes; what a killed run left in it goes at the next start."""
    state = pathlib.Path(os.environ.get("XDG_STATE_HOME") or pathlib.Path.home() / ".local" / "state")
    folder = state / "keyfob-demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def only_one(folder):
    with open(folder / "lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem("a demo is running already", "end it with Ctrl-C in its terminal first") from None
        for left in folder.iterdir():
            if left.name != "lock":
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield


class Demo(contextlib.ExitStack):
    def __init__(self, folder, port):
        super().__init__()
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.socket = folder / "run" / "agent.sock"
        for name in ("run", "home", "logs"):
            (folder / name).mkdir(mode=0o700)
        # The keychain, agent and server of the demo see a home of their own: nothing of the person's is touched.
        self.env = {**os.environ, "HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder / "home"), "XDG_DATA_HOME": str(folder / "home"),
                    "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/run/bus", "KEYFOB_AGENT_SOCKET": str(self.socket)}
        self.env.pop("KEYFOB_SERVER", None)

    def add(self, program):
        self.callback(program.stop)
        return program

    def start(self, name, *arguments):
        return self.add(Program(arguments, self.env, self.folder / "logs" / f"{name}.log"))

    def start_all(self):
        self.add(start_bus(self.folder / "run" / "bus", self.env, self.folder / "logs" / "bus.log"))
        self.add(start_keychain(secrets.token_urlsafe(16), self.env, self.folder / "logs" / "keychain.log"))
        say("  keychain   gnome-keyring on a session bus of its own")
        try:
            self.start("server", BIN / "keyfob-server", "--demo", "--listen", f"127.0.0.1:{self.port}").wait_for("istening on")
        except AssertionError as error:
            raise Problem(f"the server did not start:\n{error}", f"is port {self.port} in use? try scripts/demo --port {free_port()}") from None
        say(f"  server     {self.url}, with a demo identity provider that lets anyone in")
        self.start("agent", BIN / "keyfob-agent").wait_for("istening")
        say(f"  agent      {self.socket}")

    def command_env(self):
        """What a person's shell has, and where the demo's agent is."""
        return {**os.environ, "KEYFOB_AGENT_SOCKET": str(self.socket)}

    def sign_in_here(self):
        """The desktop's browser: the person clicks."""
        say("  Your browser opens. Type any name, sign in, and approve.\n")
        done = subprocess.run([BIN / "cli", "login", self.url], env=self.command_env(), check=False)
        if done.returncode != 0:
            raise Problem(f"the sign-in did not end well (exit code {done.returncode})", "start scripts/demo again, or add --headless")

    def sign_in_headless(self):
        say(f'  No display or no terminal here: headless Chromium is driven through the pages as "{NAME}".\n')
        say(f"  $ cli login {self.url} --no-browser")
        login = self.add(Program([BIN / "cli", "login", self.url, "--no-browser", "--json"], self.command_env(), self.folder / "logs" / "login.log"))
        start = json.loads(login.wait_for(r'^\{.*"url".*').group(0))["url"]
        say(f"  the command waits for a browser at {start.rsplit('/', 1)[0]}/…")
        with Browser() as browser:
            browser.open(start)
            say(f"  page: {browser.text_of('h1')}   (the identity provider)")
            browser.type("input[name=name]", NAME)
            browser.click("button[value=sign_in]")
            say(f"  page: {browser.text_of('h1')}   (our server: who, which device, from where)")
            browser.click("button[value=approve]")
            browser.text_of("#signed-in")
            say(f"  page: {browser.text_of('h1')}   (the agent, after the session was stored)")
        code, output = login.finish()
        if code != 0:
            raise Problem(f"the sign-in did not end well (exit code {code}):\n{output}", f"the logs are in {self.folder}/logs")

    def use_from_two_shells(self):
        for number, environment in ((1, {"SHELL_NUMBER": "1"}), (2, {"TERM": "dumb"})):
            say(f"  shell {number} $ cli do /secured")
            done = subprocess.run(["bash", "-c", f"exec '{BIN}/cli' do /secured"], capture_output=True, text=True, check=False,
                                  env={"PATH": "/usr/bin:/bin", "KEYFOB_AGENT_SOCKET": str(self.socket), **environment})
            if done.returncode != 0:
                raise Problem(f"`cli do` failed: {done.stderr}", f"the logs are in {self.folder}/logs")
            say(textwrap.indent(done.stdout.rstrip(), "          "))

    def what_next(self):
        say(textwrap.dedent(f"""\
              In any other terminal:
                export PATH={BIN}:$PATH KEYFOB_AGENT_SOCKET={self.socket}
                cli status            who is signed in, where
                cli do /session       a request with the session
                cli logout            end the session at the server and forget it
              Logs: {self.folder}/logs. Ctrl-C ends everything and removes it."""))


def where_the_session_is(demo):
    status = json.loads(subprocess.run([BIN / "cli", "status", "--json"], env=demo.command_env(), capture_output=True, check=True).stdout)
    account = status["accounts"][0]
    say(f"  {account['name']}: the key and the cookie are one item in the keychain (gnome-keyring), nowhere else on disk.")


def run(options):
    folder = demo_folder()
    with only_one(folder), Demo(folder, options.port) as demo:
        demo.callback(lambda: [shutil.rmtree(folder / name, ignore_errors=True) for name in ("run", "home", "logs")])
        heading("Started")
        demo.start_all()
        heading("Signing in")
        # Without a terminal the command opens no browser.
        if not options.headless and sys.stderr.isatty() and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            demo.sign_in_here()
        else:
            demo.sign_in_headless()
        heading("Signed in")
        where_the_session_is(demo)
        heading("Two shells that share nothing but the agent")
        demo.use_from_two_shells()
        if not options.once:
            heading("What to type next")
            demo.what_next()
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
        heading("Everything that was started has been ended.")


def main():
    parser = argparse.ArgumentParser(prog="scripts/demo")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--headless", action="store_true")
    parser.add_argument("--port", type=int, default=8420)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run(parser.parse_args())
    except Problem as problem:
        print(f"error: {problem}\nhint: {problem.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
