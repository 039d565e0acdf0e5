"""The agent on real parts: starting, the keychain's five outcomes, strangers and garbage on its socket."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, Browser, Stack  # noqa: E402



def as_nobody(*arguments):
    """Runs a program as another user: by root's right, or by sudo."""
    prefix = ["runuser", "-u", "nobody", "--"] if os.getuid() == 0 else ["sudo", "-n", "-u", "nobody"]
    return subprocess.run([*prefix, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def rest_of(client):
    """What comes until the other side closes, however it does that."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(4096):
            received += piece
    return received


def socket_of(stack):
    return stack.runtime / "keyfob" / "agent.sock"


def connect(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(str(path))
    return client


class Starting(unittest.TestCase):
    def test_twenty_commands_start_one_agent(self):
        with Stack() as stack:
            commands = [subprocess.Popen([str(BIN / "cli"), "status", "--json"], env=stack.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(20)]
            outputs = [command.communicate(timeout=120) for command in commands]
            self.assertEqual([command.returncode for command in commands], [0] * 20, outputs)
            pids = {json.loads(out)["agent"]["pid"] for out, _ in outputs}
            self.assertEqual(len(pids), 1)
            with connect(socket_of(stack)) as client:
                client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"stop"}\n')
                client.makefile().read()

    def test_second_agent_ends_at_once(self):
        with Stack() as stack:
            stack.start_agent()
            second = stack.start("second", BIN / "keyfob-agent")
            code, output = second.finish()
            self.assertEqual(code, 1)
            self.assertIn("another agent serves", output)
            stack.command("status", check=0)

    def test_stale_socket_is_replaced(self):
        with Stack() as stack:
            stack.start_agent()
            stack.agent.stop(signal.SIGKILL)
            self.assertTrue(socket_of(stack).exists())
            stack.start_agent()
            stack.command("status", check=0)
            self.assertEqual(socket_of(stack).stat().st_mode & 0o777, 0o600)
            self.assertEqual(socket_of(stack).parent.stat().st_mode & 0o777, 0o700)

    def test_directory_of_others_is_refused(self):
        """AG-09"""
        with Stack() as stack:
            (stack.runtime / "keyfob").mkdir(mode=0o700)
            (stack.runtime / "keyfob").chmod(0o755)
            code, output = stack.start("agent", BIN / "keyfob-agent").finish()
            self.assertEqual(code, 1)
            self.assertIn("error: ", output)
            self.assertEqual(stack.command("status").returncode, 7)

    def test_socket_activation(self):
        """LISTEN_FDS, as a service manager passes it"""
        with Stack() as stack, socket.socket(socket.AF_UNIX) as listener:
            (stack.runtime / "keyfob").mkdir(mode=0o700)
            listener.bind(str(socket_of(stack)))
            listener.listen()
            passed = {**stack.env, "LISTEN_FDS": "1"}
            script = f'LISTEN_PID=$$ exec "{BIN}/keyfob-agent" 3<&{listener.fileno()}'
            agent = subprocess.Popen(["bash", "-c", script], env=passed, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL)
            self.addCleanup(agent.wait)
            self.addCleanup(agent.terminate)
            status = json.loads(stack.command("status", "--json", check=0).stdout)
            self.assertEqual(status["agent"]["pid"], agent.pid)  # nobody started another one

    def test_not_dumpable(self):
        """AG-07"""
        with Stack() as stack:
            stack.start_agent()
            limits = pathlib.Path(f"/proc/{stack.agent.process.pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size\s+0\s+0")
            # Not dumpable: ptrace by the same user is refused. Root may always, so the user is another one here.
            if os.getuid() != 0:
                with self.assertRaises(PermissionError):
                    pathlib.Path(f"/proc/{stack.agent.process.pid}/environ").read_bytes()


class Strangers(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.stack.start_agent()

    def test_garbage_does_no_harm(self):
        lines = [b"\n", b"\0\0\0\n", b"[]\n", b"{}\n", b'{"jsonrpc":"2.0","id":1}\n', b"\xff\xfe\n", b'{"jsonrpc":"2.0","method":"status"}\n', b"[" * 5000 + b"\n"]
        with connect(socket_of(self.stack)) as client:
            for line in lines:
                client.sendall(line)
            answers = rest_of(client).splitlines()  # the eighth closes it
            self.assertLessEqual(len(answers), 8)
            self.assertTrue(all(b"-32600" in answer for answer in answers), answers)
        with connect(socket_of(self.stack)) as client:
            with contextlib.suppress(OSError):
                client.sendall(b"x" * 1_000_000)
            self.assertEqual(rest_of(client), b"")
        with connect(socket_of(self.stack)) as client:
            client.sendall(b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"status"}\n')
            self.assertEqual(rest_of(client), b"")
        self.stack.command("status", check=0)

    def test_another_user_is_refused_before_a_byte_is_read(self):
        path = socket_of(self.stack)
        for folder in (self.stack.home, self.stack.runtime, path.parent):
            folder.chmod(0o755)
        path.chmod(0o666)
        program = ("import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                   "try:\n s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\\n')\nexcept OSError: pass\n"
                   "try:\n print(len(s.recv(100)))\nexcept ConnectionError: print(0)")
        done = as_nobody("/usr/bin/python3", "-c", program, path)
        self.assertEqual(done.stdout.strip(), "0", done.stderr)
        self.stack.agent.wait_for("peer_refused")

    def test_another_user_at_the_loopback_listener(self):
        """AG-01: refused, and nothing is consumed"""
        self.stack.start_demo_server()
        login, url = self.stack.begin_login()
        done = as_nobody("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url)
        self.assertEqual(done.stdout, "403")
        own = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url], capture_output=True, text=True, timeout=60)
        self.assertEqual(own.stdout, "303")
        login.stop(signal.SIGINT)

    def test_tls_on_the_loopback_port(self):
        """a browser that insists on https gets no answer, and harms nothing"""
        self.stack.start_demo_server()
        login, url = self.stack.begin_login()
        done = subprocess.run(["curl", "-sk", url.replace("http:", "https:")], capture_output=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        again = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url], capture_output=True, text=True, timeout=60)
        self.assertEqual(again.stdout, "303")
        login.stop(signal.SIGINT)


class Keychain(unittest.TestCase):
    """Five outcomes: there, locked (5), unreachable (8), timed out (9), denied (10)."""

    def test_absent(self):
        with Stack(keychain=False) as stack:
            stack.start_demo_server()
            login = stack.command("login", stack.server_url, "--no-browser")
            self.assertEqual(login.returncode, 8, login.stderr)
            self.assertIn(b"hint: ", login.stderr)
            self.assertEqual(json.loads(stack.command("status", "--json", check=0).stdout)["keychain"]["state"], "unreachable")
            self.stop_agent(stack)

    def stop_agent(self, stack):
        with connect(socket_of(stack)) as client:
            client.sendall(b'{"jsonrpc":"2.0","id":1,"method":"stop"}\n')
            client.makefile().read()

    def lock(self, stack):
        subprocess.run(["gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path", "/org/freedesktop/secrets",
                        "--method", "org.freedesktop.Secret.Service.Lock", "['/org/freedesktop/secrets/collection/login']"],
                       env=stack.bus_env, check=True, capture_output=True)

    def test_locked_then_unlocked(self):
        with Stack() as stack, Browser() as browser:
            stack.start_demo_server()
            stack.start_agent()
            account = stack.signed_in(browser)
            self.lock(stack)
            # What is in memory is handed out all the same; a new sign-in could not be kept, so it is not begun.
            stack.command("do", "/secured", check=0)
            locked = stack.command("login", stack.server_url, "--no-browser")
            self.assertEqual(locked.returncode, 5, locked.stderr)
            self.assertEqual(json.loads(stack.command("status", "--json", check=0).stdout)["keychain"]["state"], "locked")
            # A new agent cannot read it, and does not take it for "nobody is signed in".
            stack.agent.stop(signal.SIGKILL)
            stack.start_agent()
            self.assertEqual(stack.command("do", "/secured").returncode, 5)
            stack.keychain.stop()
            stack.unlock_keychain()
            self.assertIn(b"Hello", stack.command("do", "/secured", check=0).stdout)
            self.assertEqual(json.loads(stack.command("status", "--json", check=0).stdout)["accounts"][0]["session_id"], account["session_id"])

    def test_stopped(self):
        """a hung keychain delays only those who need it, and ends in exit 9"""
        with Stack() as stack, Browser() as browser:
            stack.start_demo_server()
            stack.start_agent()
            stack.signed_in(browser)
            stack.keychain.process.send_signal(signal.SIGSTOP)
            waiting = subprocess.Popen([str(BIN / "cli"), "login", stack.server_url, "--no-browser"], env=stack.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            stack.command("do", "/secured", check=0)
            out, err = waiting.communicate(timeout=120)
            self.assertEqual(waiting.returncode, 9, err)
            stack.keychain.process.send_signal(signal.SIGCONT)
            self.assertEqual(json.loads(stack.command("status", "--json", check=0).stdout)["keychain"]["state"], "ready")

    def test_keychain_restarts(self):
        with Stack() as stack, Browser() as browser:
            stack.start_demo_server()
            stack.start_agent()
            stack.signed_in(browser)
            stack.keychain.stop(signal.SIGKILL)
            stack.unlock_keychain()
            stack.signed_in(browser, "ben")
            found = stack.secret_tool("search", "--all", "xdg:schema", "org.keyfob.Account")
            self.assertEqual(len(re.findall(r"^label = Keyfob: ", found.stdout, re.MULTILINE)), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
