"""The agent on real parts: starting, the keychain's five outcomes, strangers and garbage on its socket."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, Browser, Stack  # noqa: E402



# Runs a program as another user: by root's right, or by sudo.
NOBODY = ["/usr/sbin/runuser", "-u", "nobody", "--"] if os.getuid() == 0 else ["sudo", "-n", "-u", "nobody"]
# A session bus where nobody may speak to the keychain.
DENYING_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={path}</listen><policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/>
<deny send_destination="org.freedesktop.secrets"/></policy></busconfig>"""


def as_nobody(*arguments):
    return subprocess.run([*NOBODY, *map(str, arguments)], capture_output=True, text=True, timeout=60)


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

    def test_its_memory_is_closed_to_its_own_user(self):
        """AG-07: what the user's other programs could read of any other program. Root may read everything, so the user is nobody here."""
        with Stack(keychain=False) as stack:
            shutil.copy(BIN / "keyfob-agent", stack.home)  # nobody may not be let into the folder of the build
            for folder in (stack.home, stack.runtime):
                folder.chmod(0o777)
            agent = stack.start("agent-of-nobody", *NOBODY, "/bin/sh", "-c", f"KEYFOB_AGENT_SOCKET={stack.runtime}/n/s HOME={stack.home} exec {stack.home}/keyfob-agent")
            agent.wait_for("istening")
            call = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\ns.sendall(sys.argv[2].encode())\nprint(s.makefile().readline())"
            status = as_nobody("/usr/bin/python3", "-c", call, stack.runtime / "n/s", '{"jsonrpc":"2.0","id":1,"method":"status"}\n')
            pid = json.loads(status.stdout)["result"]["agent"]["pid"]
            other = as_nobody("/bin/sh", "-c", f"cat /proc/$$/environ >/dev/null && cat /proc/{pid}/environ")
            self.assertEqual(other.returncode, 1)
            self.assertIn("Permission denied", other.stderr)
            as_nobody("/usr/bin/python3", "-c", call, stack.runtime / "n/s", '{"jsonrpc":"2.0","id":1,"method":"stop"}\n')
            self.assertEqual(agent.finish()[0], 0)
            as_nobody("/bin/rm", "-r", stack.runtime / "n")


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

    def test_denied(self):
        with Stack(keychain=False) as stack:
            configuration = stack.home / "bus.conf"
            configuration.write_text(DENYING_BUS.format(path=stack.runtime / "bus"))
            bus = stack.start("bus", "dbus-daemon", f"--config-file={configuration}", "--nofork", "--print-address")
            bus.wait_for("unix:path=")
            stack.unlock_keychain()
            stack.start_demo_server()
            stack.start_agent()
            login = stack.command("login", stack.server_url, "--no-browser")
            self.assertEqual(login.returncode, 10, login.stderr)
            self.assertIn(b"hint: ", login.stderr)
            self.assertEqual(json.loads(stack.command("status", "--json", check=0).stdout)["keychain"]["state"], "denied")

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
