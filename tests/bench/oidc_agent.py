"""oidc-agent with an account that is loaded: what `oidc-token` asks."""
import contextlib
import http.server
import json
import re
import subprocess
import threading

ACCOUNT = "bench"


class Provider(http.server.BaseHTTPRequestHandler):
    """Just enough of an OpenID provider for an account to be loaded; asked once, before anything is measured."""

    def _answer(self, members):
        body = json.dumps(members).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        issuer = f"http://127.0.0.1:{self.server.server_port}/"
        self._answer({"issuer": issuer, "authorization_endpoint": issuer + "authorize", "token_endpoint": issuer + "token", "jwks_uri": issuer + "jwks",
                      "scopes_supported": ["openid", "offline_access"], "grant_types_supported": ["refresh_token"], "response_types_supported": ["code"]})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"access_token": "a" * 64, "token_type": "Bearer", "expires_in": 36000, "refresh_token": "r" * 43, "scope": "openid offline_access"})

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def loaded(stack):
    """The environment for `oidc-token ACCOUNT`."""
    folder = stack.home / "oidc-agent"
    folder.mkdir()
    environment = {**stack.env, "OIDC_CONFIG_DIR": str(folder)}
    provider = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    started = subprocess.run(["oidc-agent"], env=environment, capture_output=True, text=True, check=True).stdout
    environment["OIDC_SOCK"] = re.search(r"OIDC_SOCK=([^;]+);", started).group(1)
    try:
        subprocess.run(["oidc-gen", "--manual", f"--issuer=http://127.0.0.1:{provider.server_port}/", "--client-id=bench", "--client-secret=bench", "--rt=bench",
                        "--pw-cmd=echo bench", "--scope=openid", ACCOUNT], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
        yield environment
    finally:
        subprocess.run(["oidc-agent", "--kill"], env={**environment, "OIDCD_PID": re.search(r"OIDCD_PID=(\d+)", started).group(1)}, capture_output=True, check=False)
        provider.shutdown()
