"""Prints figures as ratios against a peer that runs in the same minute on the same machine. Asserts nothing: speed is no test."""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, Browser, Stack  # noqa: E402

SYSTEM_BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def milliseconds(seconds):
    return f"{seconds * 1000:8.2f} ms"


def show(what, samples):
    ordered = sorted(samples)
    print(f"  {what:<46} p50 {milliseconds(statistics.median(ordered))}   p95 {milliseconds(ordered[int(len(ordered) * .95)])}   min {milliseconds(ordered[0])}")
    return statistics.median(ordered)


def time_process(arguments, environment):
    begin = time.perf_counter()
    pid = os.posix_spawn(str(arguments[0]), [str(a) for a in arguments], environment,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status = os.waitpid(pid, 0)
    taken = time.perf_counter() - begin
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"error: {arguments} ended with {os.waitstatus_to_exitcode(status)}")
    return taken


def cookie_file(stack):
    """A Netscape cookie file with the session, for curl."""
    with socket.socket(socket.AF_UNIX) as agent:
        agent.connect(str(stack.runtime / "keyfob" / "agent.sock"))
        agent.sendall(b'{"jsonrpc":"2.0","id":1,"method":"hand_out","params":{"url":"/secured"}}\n')
        lent = json.loads(agent.makefile().readline())["result"]["headers"][0][1]
    name, value = lent.split("=", 1)
    server = urllib.parse.urlsplit(stack.server_url)
    path = stack.home / "cookies.txt"
    path.write_text(f"{server.hostname}\tFALSE\t/\t{'TRUE' if server.scheme == 'https' else 'FALSE'}\t0\t{name}\t{value}\n")
    path.chmod(0o600)
    return path


def compare_do(stack, rounds, environment, curl_options=()):
    url = f"{stack.server_url}/secured"
    curl = ["/usr/bin/curl", "-sSf", *curl_options, "-b", cookie_file(stack), url]
    ours, peer, nothing = [], [], []
    for _ in range(rounds):
        ours.append(time_process([BIN / "cli", "do", "/secured"], environment))
        peer.append(time_process(curl, environment))
        nothing.append(time_process(["/bin/true"], environment))
    own = show("cli do /secured", ours)
    other = show("curl -b cookies.txt URL", peer)
    show("true", nothing)
    print(f"  ratio cli do / curl: {own / other:.2f}")


def bench_do(stack, rounds):
    print("\ncli do as a whole process, against curl with a cookie file (http, the same URL, in turns)")
    compare_do(stack, rounds, stack.env)


def bench_do_over_tls(rounds):
    print("\nthe same over https: each with the system's authorities and one more, in a hashed directory for cli, in a bundle for curl")
    with Stack() as stack:
        stack.start_over_tls()
        certificate, _ = stack.certificate()
        bundle, hashed = stack.home / "bundle.crt", stack.home / "authorities"
        bundle.write_bytes(SYSTEM_BUNDLE.read_bytes() + certificate.read_bytes())
        shutil.copytree(SYSTEM_BUNDLE.parent, hashed, symlinks=True)
        shutil.copy(certificate, hashed / "own.pem")
        subprocess.run(["openssl", "rehash", hashed], check=True, capture_output=True)
        environment = {name: value for name, value in stack.env.items() if name != "SSL_CERT_FILE"}
        compare_do(stack, rounds, {**environment, "SSL_CERT_DIR": str(hashed)}, ["--cacert", bundle])


def bench_hand_out(stack, rounds):
    print("\nhand-out round trip (connect, hello and hand_out, answer, close), against a bare Unix socket echo of as many octets")
    path = str(stack.runtime / "keyfob" / "agent.sock")
    request = (b'{"jsonrpc":"2.0","id":0,"method":"hello","params":{"client":"bench","protocol":1}}\n'
               b'{"jsonrpc":"2.0","id":1,"method":"hand_out","params":{"url":"/secured"}}\n')

    def ask(where, lines):
        begin = time.perf_counter()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(where)
            client.sendall(request)
            received = b""
            while received.count(b"\n") < lines:
                received += client.recv(65536)
        return time.perf_counter() - begin

    echo_path = str(stack.home / "echo.sock")
    echo = subprocess.Popen([sys.executable, "-c", "import socket,sys\ns=socket.socket(socket.AF_UNIX);s.bind(sys.argv[1]);s.listen()\nprint('ready',flush=True)\n"
                             "while True:\n c,_=s.accept()\n c.sendall(c.recv(65536));c.close()", echo_path], stdout=subprocess.PIPE)
    echo.stdout.readline()
    ours, peer = [], []
    for _ in range(rounds * 10):
        ours.append(ask(path, 2))
        peer.append(ask(echo_path, 2))
    echo.terminate()
    echo.wait()
    own, other = show("agent, a connection each", ours), show("echo (Python), a connection each", peer)
    print(f"  ratio agent / echo: {own / other:.2f}")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        reader = client.makefile("rb")
        line = request.splitlines(keepends=True)[1]
        kept = []
        for _ in range(rounds * 10):
            begin = time.perf_counter()
            client.sendall(line)
            reader.readline()
            kept.append(time.perf_counter() - begin)
    show("agent, one connection kept", kept)


def bench_login(stack, rounds):
    print("\napproval (the click, seen from the browser's process) to the end of cli login; and from the server's answer to the click")
    ends, server_ends = [], []
    with Browser() as browser:
        for _ in range(rounds):
            login, url = stack.begin_login()
            browser.open(url)
            browser.type("input[name=name]", "ann")
            browser.click("button[value=sign_in]")
            browser.text_of("button[value=approve]")
            begin = time.time()
            browser.click("button[value=approve]")
            login.finish()
            ends.append(login.ended_at - begin)
            server_ends.append(login.ended_at - approved_at(stack))
            browser.text_of("#signed-in")
    show("click to exit (with browser and driver)", ends)
    show("server has approved to exit", server_ends)


def approved_at(stack):
    """When the server logged the newest approval, in seconds since 1970."""
    line = [line for line in stack.server.log.read_text().splitlines() if '"pairing_approved"' in line][-1]
    text = json.loads(line)["time"]
    whole, fraction = text.rstrip("Z").split(".")
    return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone + float("0." + fraction)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    with Stack() as stack:
        stack.start_demo_server()
        stack.start_agent()
        bench_login(stack, max(options.rounds // 10, 5))
        bench_do(stack, options.rounds)
        bench_hand_out(stack, options.rounds)
    bench_do_over_tls(options.rounds)


if __name__ == "__main__":
    main()
