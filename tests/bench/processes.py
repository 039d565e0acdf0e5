"""`cli do` as a whole process against curl with a cookie file, and one hand-out of the agent against ssh-agent."""
import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import threading
import time

import load
import oidc_agent
from stack import BIN
from table import Row, at_most, shown

SSH_LIST_IDENTITIES = b"\x00\x00\x00\x01\x0b"  # a length of one octet, and SSH_AGENTC_REQUEST_IDENTITIES


def time_process(arguments, environment):
    begin = time.perf_counter()
    pid = os.posix_spawn(str(arguments[0]), [str(a) for a in arguments], environment,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status = os.waitpid(pid, 0)
    taken = time.perf_counter() - begin
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"error: {arguments} ended with {os.waitstatus_to_exitcode(status)}")
    return taken * 1000


def percentile(samples, share):
    return sorted(samples)[min(int(len(samples) * share), len(samples) - 1)]


def agent_socket(stack):
    return str(stack.runtime / "keyfob" / "agent.sock")


def cookie_file(stack, path, domain, secure):
    """A Netscape cookie file with the session, for curl."""
    with socket.socket(socket.AF_UNIX) as agent:
        agent.connect(agent_socket(stack))
        agent.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hand_out","params":{"url":"/secured"}}\n')
        lent = json.loads(agent.makefile().readline())["result"]["headers"][0][1]
    name, value = lent.split("=", 1)
    path.write_text(f"{domain}\tFALSE\t/\t{'TRUE' if secure else 'FALSE'}\t0\t{name}\t{value}\n", encoding="ascii")
    path.chmod(0o600)


def trusted_places(stack, certificate):
    """The system's authorities and one more, as a hashed directory and as one file."""
    directory, bundle = stack.home / "authorities", stack.home / "bundle.pem"
    directory.mkdir()
    system = pathlib.Path("/etc/ssl/certs")
    for entry in system.iterdir():
        if entry.name != "ca-certificates.crt":
            (directory / entry.name).symlink_to(entry)
    (directory / "bench.pem").symlink_to(certificate)
    name = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", certificate], capture_output=True, text=True, check=True).stdout.strip()
    (directory / f"{name}.0").symlink_to(certificate)
    bundle.write_bytes((system / "ca-certificates.crt").read_bytes() + certificate.read_bytes())
    return directory, bundle


def do_rows(stack, scheme, bound, rounds, repeats, trust=()):
    secure = scheme == "https"
    cookies = stack.home / f"cookies-{scheme}.txt"
    cookie_file(stack, cookies, "localhost" if secure else "127.0.0.1", secure)
    curl = ["/usr/bin/curl", "-sSf", *trust, "-b", cookies, f"{stack.server_url}/secured"]
    own, peer, nothing = [], [], []
    for _ in range(repeats):
        taken = [(time_process([BIN / "cli", "do", "/secured"], stack.env), time_process(curl, stack.env), time_process(["/bin/true"], stack.env))
                 for _ in range(rounds)]
        for samples, column in zip((own, peer, nothing), zip(*taken)):
            samples.append(statistics.median(column))
    return [Row(f"cli do over {scheme}, the whole process: p50", "ms", own, peer, "curl -b FILE", **at_most(bound)),
            Row(f"cli do over {scheme}, the whole process: p50", "ms", own, nothing, "true", **shown())]


def token_rows(stack, rounds, repeats):
    """What prints a token that is already there, against what makes a whole request with one."""
    own, peer = [], []
    with oidc_agent.loaded(stack) as environment:
        for _ in range(repeats):
            taken = [(time_process([BIN / "cli", "do", "/secured"], stack.env), time_process(["/usr/bin/oidc-token", oidc_agent.ACCOUNT], environment))
                     for _ in range(rounds)]
            for samples, column in zip((own, peer), zip(*taken)):
                samples.append(statistics.median(column))
    return [Row("cli do over http, the whole process: p50", "ms", own, peer, "oidc-token, loaded account", **at_most(1))]


def ask(path, request, is_complete):
    begin = time.perf_counter()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(request)
        received = b""
        while not is_complete(received):
            received += client.recv(65536)
    return (time.perf_counter() - begin) * 1000


@contextlib.contextmanager
def ssh_agent(stack):
    path = str(stack.home / "ssh-agent.sock")
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.PIPE) as agent:
        agent.stdout.readline()
        yield path
        agent.terminate()


HAND_OUT = (b'{"jsonrpc":"2.0","id":0,"method":"hello","params":{"client":"bench","protocol":1}}\n'
            b'{"jsonrpc":"2.0","id":1,"method":"hand_out","params":{"url":"/secured"}}\n')


def hand_out(path):
    return ask(path, HAND_OUT, lambda received: received.count(b"\n") == 2)


def hand_out_rows(stack, rounds, repeats):
    own, peer = [], []
    with ssh_agent(stack) as ssh:
        for _ in range(repeats):
            taken = [(hand_out(agent_socket(stack)), ask(ssh, SSH_LIST_IDENTITIES, lambda received: len(received) >= 9)) for _ in range(rounds * 10)]
            own.append(statistics.median(one for one, _ in taken))
            peer.append(statistics.median(other for _, other in taken))
    return [Row("hand-out with its connection: p50", "ms", own, peer, "ssh-agent, list", **at_most(1.5)), crowd_row(stack, rounds)]


def idle_rows(stack, seconds=60):
    """The agent after all that: what it keeps, and whether it wakes up without being asked."""
    pid = stack.agent.process.pid
    time.sleep(5)  # what it does after its last caller
    before = load.wake_ups(pid)
    time.sleep(seconds)
    woken = load.wake_ups(pid) - before
    private, share = (octets / 1024 / 1024 for octets in load.memory_of(pid))
    return [Row(f"agent, idle for {seconds} s: wake-ups", "", [woken], [1], "one", **at_most(0)),
            Row("agent, idle: memory of its own", "MiB", [private], [3.0], "3 MiB", **at_most(1)),
            Row("agent, idle: its share of memory (PSS)", "MiB", [share], [12.0], "12 MiB", **at_most(1))]


def crowd_row(stack, rounds):
    """The slowest hand-out of 64 clients that ask at once, again and again."""
    slowest = []
    lock = threading.Lock()

    def client():
        longest = max(hand_out(agent_socket(stack)) for _ in range(rounds // 4 + 1))
        with lock:
            slowest.append(longest)

    threads = [threading.Thread(target=client) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Row("64 clients at once (threads of one Python): the slowest hand-out", "ms", [max(slowest)], [20.0], "20 ms", **at_most(1))
