"""From the click that approves to the end of `cli login`."""
import json
import statistics
import time

from stack import Browser
from table import Row, at_most, shown


def approved_at(stack):
    """When the server logged the newest approval, in seconds since 1970."""
    line = [line for line in stack.server.log.read_text().splitlines() if '"pairing_approved"' in line][-1]
    whole, fraction = json.loads(line)["time"].rstrip("Z").split(".")
    return time.mktime(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - time.timezone + float("0." + fraction)


def rows(stack, rounds):
    clicks, approvals = [], []
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
            clicks.append((login.ended_at - begin) * 1000)
            approvals.append((login.ended_at - approved_at(stack)) * 1000)
            browser.text_of("#signed-in")
    return [Row("the server has approved, to the end of cli login: p95", "ms", [sorted(approvals)[int(len(approvals) * 0.95)]], [50.0], "50 ms", **at_most(1)),
            Row("the click, with browser and driver, to the end of cli login: p50", "ms", [statistics.median(clicks)], [50.0], "50 ms", **shown())]
