"""Prints one table of ratios against peers that run in the same minutes on the same machine. Asserts nothing: speed is no test."""
import argparse
import os
import pathlib
import platform
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import front  # noqa: E402
import login  # noqa: E402
import processes  # noqa: E402
import table  # noqa: E402
from stack import Browser, Stack, free_port  # noqa: E402


def bench_front(options):
    with Stack(keychain=False) as stack:
        return front.measure(stack, options.repeats, options.sessions)


def bench_local(options):
    with Stack() as stack:
        stack.start_demo_server()
        stack.start_agent()
        rows = login.rows(stack, max(options.rounds // 5, 5))
        rows += processes.do_rows(stack, "http", 0.3, options.rounds, options.repeats)
        rows += processes.token_rows(stack, options.rounds, options.repeats)
        rows += processes.hand_out_rows(stack, options.rounds, options.repeats)
        return rows + processes.idle_rows(stack)


def bench_https(options):
    """Both trust one authority among those of the system: `cli` in a hashed directory, curl in one file."""
    with Stack() as stack, Browser() as browser:
        port = free_port()
        url = f"https://localhost:{port}"
        issuer = stack.start_company_provider(f"{url}/callback/company")
        certificate, key = stack.certificate()
        directory, bundle = processes.trusted_places(stack, certificate)
        stack.env["SSL_CERT_DIR"] = str(directory)
        stack.start_server(stack.company_configuration(url, port, issuer, f'[tls]\ncertificate_file = "{certificate}"\nkey_file = "{key}"'), url)
        stack.start_agent()
        login, start = stack.begin_login()
        browser.open(start)
        stack.sign_in_with_company(browser)
        browser.click("button[value=approve]")
        login.finish()
        return processes.do_rows(stack, "https", 0.2, options.rounds, options.repeats, ["--cacert", bundle])


PARTS = {"front": bench_front, "local": bench_local, "https": bench_https}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--rounds", type=int, default=100, help="processes and hand-outs in each repeat")
    parser.add_argument("--repeats", type=int, default=5, help="measurements of which median, least and most are shown")
    parser.add_argument("--sessions", type=int, default=1_000_000, help="in the database of the largest row")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without any")
    options = parser.parse_args()
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"no part {part}; there are {', '.join(PARTS)}")
    load_before = os.getloadavg()[1]
    rows = []
    for part in options.parts or PARTS:
        rows += PARTS[part](options)
    about = {"when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "machine": f"{os.cpu_count()} cores, {platform.release()}",
             "load before": f"{load_before:.2f}", "command": " ".join(["scripts/bench", *sys.argv[1:]])}
    print(table.text_of(rows))
    table.write(rows, ROOT / "bench-results", about)
    print("\nwritten to bench-results/latest.md and latest.json")


if __name__ == "__main__":
    main()
