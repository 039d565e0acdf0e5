"""Drives headless Chromium through chromedriver's WebDriver protocol (W3C WebDriver) with Python's standard library alone.

Waiting is the driver's: an element that is not there yet is waited for by the implicit timeout, a navigation by the page load.
"""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# How the driver says that the page of an element is not there any more: by the standard's word, or by the browser's own.
ELEMENT_GONE = ("stale element", "does not belong to the document")


class WebDriverError(Exception):
    pass


class Browser:
    """One Chromium with an empty profile; a context manager. `wait` is how long an element may take to appear, in seconds."""

    def __init__(self, wait=30, environment=None):
        self._profile = tempfile.mkdtemp(prefix="keyfob-chromium-")
        self._environment = {**(environment or os.environ), "HOME": self._profile}
        self._driver = self._session = None
        try:
            self._base = f"http://127.0.0.1:{self._start_driver()}"
            self._session = self._start(wait, sandbox=os.getuid() != 0)  # Chromium refuses its sandbox to root
        except BaseException:
            self.close()
            raise

    def _start_driver(self):
        """Its port. It ends at once when the port that the system chose for IPv4 is taken for IPv6, so it is started a few times."""
        for _ in range(5):
            self._driver = subprocess.Popen([shutil.which("chromedriver") or "/usr/bin/chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                            stderr=subprocess.DEVNULL, text=True, start_new_session=True, env=self._environment)
            for line in self._driver.stdout:
                match = re.search(r"started successfully on port (\d+)", line)
                if match:
                    return int(match.group(1))
            self._driver.wait()
        raise WebDriverError("chromedriver did not start")

    def _start(self, wait, sandbox):
        """Without its sandbox where the system lends it none (a chroot, some containers): only our own pages are opened here."""
        try:
            return self._new_session(wait, [] if sandbox else ["--no-sandbox"])
        except WebDriverError as error:
            if not sandbox:
                raise
            print(f"note: Chromium does not start with its sandbox here, so it is started without: {error}", file=sys.stderr, flush=True)
        return self._start(wait, sandbox=False)

    def _new_session(self, wait, more):
        arguments = ["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                     "--window-size=900,1000", f"--user-data-dir={self._profile}/profile", *more]
        answer = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "acceptInsecureCerts": True,
            "timeouts": {"implicit": wait * 1000, "pageLoad": wait * 1000},
            "goog:chromeOptions": {"binary": shutil.which("chromium") or "/usr/bin/chromium", "args": arguments}}}})
        return answer["sessionId"]

    def _call(self, method, path, body=None):
        request = urllib.request.Request(self._base + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.loads(error.read())["value"]
            raise WebDriverError(f'{value["error"]}: {value["message"].splitlines()[0]}') from None

    def _do(self, method, path, body=None):
        return self._call(method, f"/session/{self._session}{path}", body)

    def open(self, url):
        self._do("POST", "/url", {"url": url})

    def back(self):
        self._do("POST", "/back", {})

    def reload(self):
        self._do("POST", "/refresh", {})

    @property
    def url(self):
        return self._do("GET", "/url")

    @property
    def source(self):
        return self._do("GET", "/source")

    @property
    def text(self):
        return self.text_of("body")

    def _find(self, css):
        return self._do("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def has(self, css):
        """Whether the element is there now; does not wait."""
        return self._do("POST", "/execute/sync", {"script": "return document.querySelector(arguments[0]) !== null", "args": [css]})

    def _on_element(self, css, method, what, body=None):
        """Finds the element and does something with it; anew when the page has gone in between, and nothing was done."""
        while True:
            try:
                return self._do(method, f"/element/{self._find(css)}/{what}", body)
            except WebDriverError as error:
                if not any(gone in str(error) for gone in ELEMENT_GONE):
                    raise

    def text_of(self, css):
        return self._on_element(css, "GET", "text")

    def wait_for_heading(self, text):
        """Until the page says so: a click may return before the next page is there."""
        self._do("POST", "/element", {"using": "xpath", "value": f'//h1[normalize-space()="{text}"]'})

    def type(self, css, text):
        self._on_element(css, "POST", "value", {"text": text})

    def click(self, css):
        self._on_element(css, "POST", "click", {})

    def script(self, source, *arguments):
        return self._do("POST", "/execute/sync", {"script": source, "args": list(arguments)})

    def cookies(self):
        return self._do("GET", "/cookie")

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._do("GET", "/screenshot")))

    def close(self):
        if self._session:
            try:
                self._do("DELETE", "")
            except (WebDriverError, OSError):
                pass  # the browser is gone already; the driver is ended below in any case
            self._session = None
        self._driver.terminate()
        self._driver.wait()
        self._driver.stdout.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
