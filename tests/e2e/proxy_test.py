"""The server behind a proxy that ends TLS, as its connections look from the other side."""
import http.client
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from stack import Stack, free_port  # noqa: E402


class BehindProxy(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack(keychain=False))
        self.port = free_port()
        self.server = self.stack.start_server(f'''external_url = "https://id.example.com"
listen = "[::ffff:127.0.0.1]:{self.port}"
trusted_proxies = ["127.0.0.1"]
[database]
url = "sqlite:{self.stack.home}/keyfob.db"
[[provider]]
id = "google"
kind = "google"
client_id = "keyfob"
''')

    def ask(self, host, **headers):
        """Status and body; by IPv4, on a socket that is IPv6."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/livez", headers={"Host": host, **headers})
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, body

    def test_the_log_has_who_asked(self):
        """FA-01: and the address of the proxy stands beside it"""
        self.assertEqual(self.ask("id.example.com", **{"X-Forwarded-For": "203.0.113.9:4711"})[0], 200)
        self.server.wait_for('"event":"forwarded","client":"203.0.113.9","request_id":')

    def test_host_with_the_default_port(self):
        self.assertEqual(self.ask("id.example.com:443")[0], 200)

    def test_a_host_that_is_not_passed_on(self):
        status, body = self.ask(f"10.0.0.8:{self.port}")
        self.assertEqual(status, 421)
        self.assertEqual(json.loads(body)["error"], "misdirected_request")
        self.assertIn("external_url", json.loads(body)["error_description"])
        self.assertNotIn("10.0.0.8", body)


if __name__ == "__main__":
    unittest.main(verbosity=2)
