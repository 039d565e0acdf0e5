#!/usr/bin/env python3
"""Fails when an #include breaks the arrows of ARCHITECTURE.md: dependencies point one way.

The table says for each folder which other folders its files may include; the longest matching prefix counts.
"""
import pathlib
import re
import sys

ALLOWED = {
    "platform": ["platform"],
    "platform/jose": ["platform"],
    "platform/http": ["platform"],
    "server": ["server", "platform"],  # main, app, config and admin stand above the rest
    "server/api": ["server/api", "platform"],
    "server/signin": ["server/signin", "platform"],
    "server/identity": ["server/identity", "server/signin", "platform"],
    "server/storage": ["server/storage", "server/signin", "platform"],
    "server/http": ["server/http", "server/signin", "server/api", "platform"],
    "agent/api": ["agent/api", "platform"],
    "agent": ["agent", "server/api", "platform"],
    "cli": ["cli", "agent/api", "platform"],
}
# The rules of signing in know neither HTTP nor SQL.
FORBIDDEN = {
    "server/signin": ["platform/http/", "Poco/Net/", "Poco/Data/"],
    "server/storage": ["platform/http/", "Poco/Net/"],
    "server/http": ["Poco/Net/", "Poco/Data/"],
    "cli": ["libsecret/", "glib", "Poco/Data/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
OURS = ("platform/", "server/", "agent/", "cli/")


def rule(table, folder):
    best = [key for key in table if folder == key or folder.startswith(key + "/")]
    return table[max(best, key=len)] if best else None


def violations(root):
    for program in ("platform", "server", "agent", "cli"):
        for path in sorted((root / program).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            folder = path.parent.relative_to(root).as_posix()
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                target = match.group(1)
                allowed = rule(ALLOWED, folder)
                if target.startswith(OURS) and not any(target.startswith(prefix + "/") for prefix in allowed):
                    yield f"{path.relative_to(root)}:{number}: {folder} may not include {target}"
                if any(target.startswith(prefix) for prefix in rule(FORBIDDEN, folder) or []):
                    yield f"{path.relative_to(root)}:{number}: {folder} may not include {target}"


def self_test():
    """The check must be able to fail: a table without entries, or a pattern that matches nothing, is noticed."""
    assert INCLUDE.match('#include "server/http/reply.h"').group(1) == "server/http/reply.h"
    assert "server/http" not in rule(ALLOWED, "server/signin") and "agent" not in rule(ALLOWED, "cli/commands")


def main():
    self_test()
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(violations(root))
    print("\n".join(found) if found else "every include follows the arrows")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
