"""The real programs with real neighbours for tests.

Everything lives in one temporary folder (home, runtime directory, logs) and ends with the `Stack`; only processes that were
started here are ended.
"""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
from programs import WAIT, Program, end_with_parent, free_port, start_bus, start_keychain  # noqa: E402
from http_browser import HttpBrowser  # noqa: E402
from webdriver import Browser  # noqa: E402,F401

BUILD = pathlib.Path(os.environ.get("KEYFOB_BUILD", ROOT / "build"))
BIN = BUILD / "bin"
PASSWORD = "correct horse"
CLIENT_SECRET = "canary-client-secret-0123456789"


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
        self.bus_env = {**self.env, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.runtime}/bus"}
        self.keychain = self.server = self.agent = None
        self.server_url = None
        self._count = 0
        if keychain:
            self.start_keychain()

    def _add(self, program):
        self.callback(program.stop)
        return program

    def start(self, name, *arguments, env=None):
        return self._add(Program(arguments, env or self.env, self.logs / f"{name}.log"))

    def start_keychain(self):
        """A bus where a desktop has it, so that no variable is needed to find it, and the unlocked keychain on it."""
        self._add(start_bus(self.runtime / "bus", self.env, self.logs / "bus.log"))
        self.unlock_keychain()

    def unlock_keychain(self, password=PASSWORD):
        self.keychain = self._add(start_keychain(password, self.bus_env, self.logs / "keychain.log"))

    def secret_tool(self, *arguments):
        return subprocess.run(["secret-tool", *arguments], env=self.bus_env, capture_output=True, text=True, timeout=WAIT)

    def start_demo_server(self, port=None):
        port = port or free_port()
        self.server = self.start("server", BIN / "keyfob-server", "--demo", "--listen", f"127.0.0.1:{port}")
        self.server.wait_for("istening on")
        self.server_url = f"http://127.0.0.1:{port}"
        return self.server

    def start_server(self, configuration, url=None):
        path = self.home / "server.toml"
        path.write_text(configuration, encoding="utf-8")
        self.server_url = url or self.server_url
        self.server = self.start("server", BIN / "keyfob-server", "--config", path)
        self.server.wait_for("istening on")
        return self.server

    def certificate(self):
        """A certificate for localhost, its key, and the one authority to trust: all the same file but the key."""
        certificate, key = self.home / "certificate.pem", self.home / "key.pem"
        if not certificate.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                            "-subj", "/CN=keyfob test", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
                           check=True, capture_output=True)
            key.chmod(0o600)
        return certificate, key

    def start_company_provider(self, redirect_uri):
        """The certified provider of the tests on https; its issuer. The login page takes any name."""
        certificate, key = self.certificate()
        port = free_port()
        self.client_secret = self.home / "client-secret"
        self.client_secret.write_text(CLIENT_SECRET + "\n", encoding="ascii")
        self.client_secret.chmod(0o600)
        configuration = self.home / "provider.json"
        configuration.write_text(json.dumps({"port": port, "issuer": f"https://localhost:{port}", "certificate_file": str(certificate),
                                             "key_file": str(key), "client_secret": CLIENT_SECRET, "redirect_uris": [redirect_uri],
                                             "backchannel_logout_uri": redirect_uri.replace("/callback/", "/backchannel-logout/")}), encoding="utf-8")
        folder = ROOT / "tests" / "e2e" / "provider"
        self.provider = self.start("provider", folder / "node_modules" / "node" / "bin" / "node", folder / "provider.mjs", configuration)
        self.provider.wait_for("provider listening")
        return f"https://localhost:{port}"

    def company_configuration(self, external_url, port, issuer, more="", rules='[[allow]]\nprovider = "company"\nemail_domain = "company.example"\n'):
        return f'''external_url = "{external_url}"
listen = "127.0.0.1:{port}"
[database]
url = "sqlite:{self.home}/keyfob.db"
[[provider]]
id = "company"
display_name = "The Company"
issuer = "{issuer}"
client_id = "keyfob"
client_secret_file = "{self.client_secret}"
ca_file = "{self.certificate()[0]}"
allow_addresses = ["127.0.0.1"]
{more}
{rules}'''

    def start_over_tls(self):
        """The server with the certified provider, both on https, and the agent; carla is signed in. `env` names the authority."""
        port = free_port()
        self.server_url = f"https://localhost:{port}"
        issuer = self.start_company_provider(f"{self.server_url}/callback/company")
        certificate, key = self.certificate()
        self.start_server(self.company_configuration(self.server_url, port, issuer, more=f'[tls]\ncertificate_file = "{certificate}"\nkey_file = "{key}"\n'))
        self.env["SSL_CERT_FILE"] = str(certificate)
        self.start_agent()
        login, url = self.begin_login()
        browser = HttpBrowser(trust=str(certificate))
        browser.open(url)
        browser.submit(login="carla", password="any")
        browser.submit()
        browser.submit(decision="approve")
        code, output = login.finish()
        assert code == 0, output

    def start_agent(self):
        self.agent = self.start("agent", BIN / "keyfob-agent")
        self.agent.wait_for("istening")
        return self.agent

    def command(self, *arguments, env=None, stdin=b"", check=None):
        """Runs `cli …` to its end. With `check`, the exit code must be that."""
        done = subprocess.run([str(BIN / "cli"), *map(str, arguments)], env=env or self.env, input=stdin, capture_output=True, timeout=WAIT * 3)
        if check is not None and done.returncode != check:
            raise AssertionError(f"cli {' '.join(map(str, arguments))}: exit {done.returncode} instead of {check}\n"
                                 f"{done.stdout.decode(errors='replace')}{done.stderr.decode(errors='replace')}\n{self.all_logs()}")
        return done

    def begin_login(self, *arguments, env=None):
        """Starts `cli login --no-browser --json …`; the program and the start URL."""
        self._count += 1
        login = self.start(f"login-{self._count}", BIN / "cli", "login", self.server_url, "--no-browser", "--json", *arguments, env=env)
        return login, json.loads(login.wait_for(r'^\{.*"url".*').group(0))["url"]

    def sign_in_with_demo(self, browser, name="ann", decision="approve"):
        browser.type("input[name=name]", name)
        browser.click("button[value=sign_in]")
        browser.click(f"button[value={decision}]")

    def sign_in_with_company(self, browser, name="carla"):
        """The certified provider's own two pages. Each is named by what only it has, because both have the same button."""
        browser.type("input[name=login]", name)
        browser.type("input[name=password]", "any")
        browser.click("form:has(input[name=login]) button[type=submit]")
        browser.click("form:has(input[value=consent]) button[type=submit]")

    def signed_in(self, browser, name="ann"):
        """One whole sign-in at the demo server; the account."""
        login, url = self.begin_login()
        browser.open(url)
        self.sign_in_with_demo(browser, name)
        browser.text_of("#signed-in")
        code, output = login.finish()
        assert code == 0, output
        return json.loads(output.splitlines()[-1])["account"]

    def all_logs(self):
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')}" for path in sorted(self.logs.iterdir()))
