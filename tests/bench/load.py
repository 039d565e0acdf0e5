"""Load on an HTTP server by wrk, and what the server pays for it."""
import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile

UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


@dataclasses.dataclass
class Load:
    rate: float  # requests a second
    p50: float  # milliseconds
    p99: float
    requests: int


def _milliseconds(text):
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * UNITS[unit]


def run(url, connections, seconds, cookies=(), close=False):
    """wrk on one thread. The cookies are sent in turn, and stand in a file: never in an argument."""
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder, "cookies")
        lines.write_text("\n".join(cookies or [""]) + "\n", encoding="ascii")
        script = pathlib.Path(folder, "load.lua")
        script.write_text(LUA.format(cookies=lines, close='["Connection"] = "close",' if close else ""), encoding="ascii")
        done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s", "-s", script, url], capture_output=True,
                              text=True, check=True)
    text = done.stdout
    # With `close` the peer's end of the connection may be counted as an error of reading; every response is counted as well.
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text) or (not close and re.search(r"Socket errors: .*", text))
    if wrong:
        raise SystemExit(f"error: {url} under load: {wrong.group(0)}\n{text}")
    return Load(float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), _milliseconds(re.search(r"(?m)^\s+50%\s+(\S+)", text).group(1)),
                _milliseconds(re.search(r"(?m)^\s+99%\s+(\S+)", text).group(1)), int(re.search(r"(\d+) requests in", text).group(1)))


LUA = """
local requests = {{}}
local next = 0
function init(arguments)
    for line in io.lines("{cookies}") do
        requests[#requests + 1] = wrk.format("GET", nil, {{ {close} ["Cookie"] = line ~= "" and line or nil }})
    end
end
function request()
    next = next % #requests + 1
    return requests[next]
end
"""


def processor_seconds(pid):
    """Of a process and its children: nginx does its work in them."""
    ticks = 0
    for process in [pid, *children(pid)]:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def memory_of(pid):
    """Octets that are this process's alone, and its share of all that it uses. Of our programs only root may know: they let nobody look in."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    private, share = (sum(int(amount) for amount in re.findall(rf"(?m)^{name}:\s+(\d+) kB", text)) * 1024 for name in ("Private_(?:Clean|Dirty)", "Pss"))
    return private, share


def wake_ups(pid):
    """How often a thread of the process has gone to sleep so far."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int(re.search(r"(?m)^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(encoding="utf-8")).group(1)) for task in tasks)
