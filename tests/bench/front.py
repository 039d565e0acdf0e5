"""The HTTP front: Keyfob's check of a session against nginx's fixed answer, on the same cores."""
import contextlib
import pathlib
import resource
import socket
import ssl
import threading
import time

import load
import sessions
from stack import BIN, free_port
from table import Row, at_least, at_most, shown

SECONDS = 4
IDLE_CONNECTIONS = 10_000
SLOW_PEERS = 500


class Nginx:
    """Answers 200 on a plain port and on a TLS one, with as many workers as Keyfob has event loops."""

    def __init__(self, stack):
        self.plain, self.tls = free_port(), free_port()
        certificate, key = stack.certificate()
        folder = stack.home / "nginx"
        folder.mkdir()
        (folder / "nginx.conf").write_text(f"""
daemon off;
worker_processes auto;
worker_rlimit_nofile 30000;
pid {folder}/pid;
error_log stderr error;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    ssl_session_cache off;
    server {{ listen 127.0.0.1:{self.plain} backlog=4096; listen 127.0.0.1:{self.tls} ssl backlog=4096; location / {{ return 200 "Hello\\n"; }} }}
}}
""", encoding="utf-8")
        self.program = stack.start("nginx", "/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr")
        for port in (self.plain, self.tls):
            wait_for_port(port)
        self.pid = self.program.process.pid


class Server:
    """keyfob-server by a configuration of its own, with sessions of which nobody has signed in."""

    def __init__(self, stack, name, tls=False, more=""):
        port = free_port()
        scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        certificate, key = stack.certificate()
        secret = stack.home / "bench-secret"
        secret.write_text("bench-secret-0123456789\n", encoding="ascii")
        secret.chmod(0o600)
        self.database = stack.home / f"{name}.db"
        self.url = f"{scheme}://{host}:{port}/secured"
        self.port = port
        self.cookie_name = "__Host-keyfob" if tls else "keyfob"
        lines = f'[tls]\ncertificate_file = "{certificate}"\nkey_file = "{key}"\n' if tls else ""
        configuration = stack.home / f"{name}.toml"
        configuration.write_text(f"""external_url = "{scheme}://{host}:{port}"
listen = "127.0.0.1:{port}"
{lines}
[database]
url = "sqlite:{self.database}"
[http]
connections = 20000
connections_per_address = 20000
{more}
[log]
level = "warning"
[[provider]]
id = "nobody"
display_name = "Nobody"
issuer = "https://127.0.0.1:1"
client_id = "bench"
client_secret_file = "{secret}"
allow_addresses = ["127.0.0.1"]
""", encoding="utf-8")
        self.program = stack.start(name, BIN / "keyfob-server", "--config", configuration)
        wait_for_port(port)
        self.pid = self.program.process.pid
        sessions.fill(self.database, 0, 1000)

    def cookies(self, count=1000):
        return sessions.cookies(0, count, self.cookie_name)


def wait_for_port(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise SystemExit(f"error: nothing listens on port {port}")


def in_turns(repeats, own, peer):
    """The two kinds of measurement, one after the other so often; the first of each warms up and is not counted."""
    own(), peer()
    pairs = [(own(), peer()) for _ in range(repeats)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def keep_alive(server, nginx_url, scheme, connections, bound, repeats):
    ours, peer = in_turns(repeats, lambda: load.run(server.url, connections, SECONDS, server.cookies()), lambda: load.run(nginx_url, connections, SECONDS))
    what = f"{scheme} /secured, {connections} connections kept"
    return [Row(what, "requests/s", [one.rate for one in ours], [one.rate for one in peer], "nginx return 200", **at_least(bound)),
            Row(what + ", p99", "ms", [one.p99 for one in ours], [one.p99 for one in peer], "nginx return 200", **at_most(2))]


def new_connections(server, nginx, repeats):
    ours, peer = in_turns(repeats, lambda: load.run(server.url, 16, SECONDS, server.cookies(), close=True),
                          lambda: load.run(f"http://127.0.0.1:{nginx.plain}/", 16, SECONDS, close=True))
    return [Row("http /secured, a connection each", "requests/s", [one.rate for one in ours], [one.rate for one in peer], "nginx return 200", **at_least(0.7))]


def handshake_cost(url, pid, cookies):
    before = load.processor_seconds(pid)
    done = load.run(url, 16, SECONDS, cookies, close=True)
    return (load.processor_seconds(pid) - before) / done.requests * 1000


def handshakes(server, nginx, repeats):
    ours, peer = in_turns(repeats, lambda: handshake_cost(server.url, server.pid, server.cookies()),
                          lambda: handshake_cost(f"https://localhost:{nginx.tls}/", nginx.pid, ()))
    return [Row("https, a connection each: processor time of the server", "ms", ours, peer, "nginx return 200", **at_most(1.15))]


def open_idle(port, count, speak):
    """Connections of many loopback addresses, each after one whole response where it has spoken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kept = []
    for number in range(count):
        peer = socket.socket()
        peer.bind((f"127.0.0.{number % 200 + 2}", 0))
        peer.connect(("127.0.0.1", port))
        if speak:
            peer.sendall(speak)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += peer.recv(4096)
        kept.append(peer)
    return kept


def idle_connections(server, repeats):
    def busy():
        return load.run(server.url, 64, SECONDS, server.cookies()).p99

    request = f"GET /livez HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode("ascii")
    each = []

    def crowded():
        before = load.memory_of(server.pid)[0]
        kept = open_idle(server.port, IDLE_CONNECTIONS, request)
        each.append((load.memory_of(server.pid)[0] - before) / IDLE_CONNECTIONS / 1024)
        measured = busy()
        still_open = sum(is_open(peer) for peer in kept)
        for peer in kept:
            peer.close()
        if still_open != IDLE_CONNECTIONS:
            raise SystemExit(f"error: only {still_open} of {IDLE_CONNECTIONS} idle connections are left")
        return measured

    beside, alone = in_turns(repeats, crowded, busy)
    return [Row(f"{IDLE_CONNECTIONS:,} idle connections: p99 of 64 others", "ms", beside, alone, "the same without", **at_most(1.5)),
            Row("memory of an idle connection", "KiB", [max(each)], [10.0], "10 KiB", **at_most(1))]


def is_open(peer):
    peer.setblocking(False)
    try:
        return peer.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


class SlowHeads:
    """Peers that send one octet of a head a second, and come again when they are cut off."""

    def __init__(self, port):
        self._port, self._over = port, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        peers = []
        while not self._over.wait(1):
            alive = []
            for peer in peers:
                with contextlib.suppress(OSError):
                    peer.sendall(b"x")
                    if is_open(peer):
                        alive.append(peer)
            peers = alive + open_idle(self._port, SLOW_PEERS - len(alive), b"")

    def stop(self):
        self._over.set()
        self._thread.join()


class HalfHandshakes(SlowHeads):
    """Peers that begin a TLS handshake and say no more; cut off, they come again."""

    def _run(self):
        peers = []
        while not self._over.wait(0.2):
            peers = [peer for peer in peers if is_open(peer)]
            fresh = open_idle(self._port, SLOW_PEERS - len(peers), b"")
            for peer in fresh:
                peer.sendall(b"\x16\x03\x01\x02\x00\x01")
            peers += fresh


def slow_peers(server, attack, what, repeats):
    def busy():
        return load.run(server.url, 64, SECONDS, server.cookies()).p99

    def crowded():
        attackers = attack(server.port)
        time.sleep(2)
        measured = busy()
        attackers.stop()
        return measured

    beside, alone = in_turns(repeats, crowded, busy)
    return [Row(f"{SLOW_PEERS} {what}: p99 of 64 others", "ms", beside, alone, "the same without", **at_most(2))]


def many_sessions(server, most, repeats):
    # The load has as many requests at hand both times: with more it is slower itself.
    few = [load.run(server.url, 16, SECONDS, server.cookies(1000) * max(most // 1000, 1)) for _ in range(repeats)]
    sessions.fill(server.database, 1000, most - 1000)
    load.run(server.url, 16, SECONDS, server.cookies(most))
    many = [load.run(server.url, 16, SECONDS, server.cookies(most)) for _ in range(repeats)]
    return [Row(f"{most:,} sessions, each asked for in turn: p99", "ms", [one.p99 for one in many], [one.p99 for one in few], "1,000 sessions", **at_most(1.2)),
            Row(f"{most:,} sessions, each asked for in turn", "requests/s", [one.rate for one in many], [one.rate for one in few], "1,000 sessions", **shown())]


def measure(stack, repeats, most_sessions):
    nginx = Nginx(stack)
    plain = Server(stack, "plain")
    tls = Server(stack, "tls", tls=True)
    idle = Server(stack, "idle", more='idle = "10m"')
    rows = []
    for connections in (16, 256):
        rows += keep_alive(plain, f"http://127.0.0.1:{nginx.plain}/", "http", connections, 0.9, repeats)
        rows += keep_alive(tls, f"https://localhost:{nginx.tls}/", "https", connections, 0.8, repeats)
    rows += new_connections(plain, nginx, repeats)
    rows += handshakes(tls, nginx, repeats)
    rows += idle_connections(idle, repeats)
    rows += slow_peers(plain, SlowHeads, "slow heads", repeats)
    rows += slow_peers(tls, HalfHandshakes, "half TLS handshakes", repeats)
    rows += many_sessions(plain, most_sessions, repeats)
    return rows
