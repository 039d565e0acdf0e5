"""`cli` and a server that speaks TLS itself: whose certificate is taken, and what is loaded for it."""
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import BIN, Stack  # noqa: E402


class OverTls(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.strangers = dict(self.stack.env)  # who trust nobody but the system's authorities
        self.stack.start_over_tls()
        self.certificate, _ = self.stack.certificate()

    def libraries(self, *arguments):
        """What the dynamic linker loads for a command, at its start or later."""
        trace = self.stack.home / "trace"
        shutil.rmtree(trace, ignore_errors=True)
        trace.mkdir()
        self.stack.command(*arguments, check=0, env={**self.stack.env, "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(trace / "of")})
        text = "".join(path.read_text() for path in trace.iterdir())
        return {name for name in re.findall(r"calling init: \S*/(lib[^/.]+)\.", text)}

    def test_certificates(self):
        """RP-18: the authorities are those that are named, in a file or in a hashed directory, else the system's"""
        self.assertIn(b"carla", self.stack.command("do", "/secured", check=0).stdout)
        refused = self.stack.command("do", "/secured", env=self.strangers, check=1)
        self.assertIn(b"the server's certificate was not accepted: ", refused.stderr)
        self.assertIn(b"SSL_CERT_FILE", refused.stderr)
        self.assertEqual(refused.stdout, b"")
        hashed = self.stack.home / "certificates"
        hashed.mkdir()
        shutil.copy(self.certificate, hashed / "own.pem")
        self.assertIn(b"certificate was not accepted", self.stack.command("do", "/secured", env={**self.strangers, "SSL_CERT_DIR": str(hashed)}, check=1).stderr)
        subprocess.run(["openssl", "rehash", str(hashed)], check=True, capture_output=True)
        self.assertIn(b"carla", self.stack.command("do", "/secured", env={**self.strangers, "SSL_CERT_DIR": str(hashed)}, check=0).stdout)

    def test_what_is_loaded(self):
        """A command loads what it needs when it needs it: OpenSSL for https alone, Poco never"""
        linked = subprocess.run([str(BIN / "cli"), "version"], env={**self.stack.env, "LD_TRACE_LOADED_OBJECTS": "1"}, check=True, capture_output=True, text=True).stdout
        self.assertIn("libc.so", linked)
        if re.search(r"(?m)^KEYFOB_SANITIZE:\w+=.", (BIN.parent / "CMakeCache.txt").read_text(encoding="utf-8")):
            self.skipTest("a build with sanitizers is linked with everything; the one that people use is tested by itself")
        for library in ("libssl", "libcrypto", "libPoco", "libqrencode"):
            self.assertNotIn(library, linked)
        without = self.libraries("headers", self.stack.server_url + "/secured")
        self.assertIn("libc", without)
        self.assertNotIn("libcrypto", without)
        within = self.libraries("do", "/secured")
        self.assertLessEqual({"libssl", "libcrypto"}, within)
        self.assertEqual([name for name in within if name.startswith("libPoco")], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
