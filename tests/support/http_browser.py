"""A browser without a screen, for tests that sign in a hundred times: cookies, redirects and forms, nothing else."""
import contextlib
import html
import http.cookiejar
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request


class Stopped(Exception):
    def __init__(self, url):
        super().__init__(url)
        self.url = url


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, stop_before):
        self._stop_before = stop_before

    def redirect_request(self, request, file, code, message, headers, url):
        if self._stop_before and url.startswith(self._stop_before):
            raise Stopped(url)
        return super().redirect_request(request, file, code, message, headers, url)


class HttpBrowser:
    """`stop_before`: redirects to addresses that begin so are not followed; open() and submit() then give the address."""

    def __init__(self, trust=None, stop_before=None):
        context = ssl.create_default_context(cafile=trust)
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
                                                   urllib.request.HTTPSHandler(context=context), _Redirects(stop_before),
                                                   urllib.request.ProxyHandler({}))
        self.url = self.page = None

    def open(self, url, form=None):
        """The address that it ended at."""
        request = urllib.request.Request(url, data=None if form is None else urllib.parse.urlencode(form).encode())
        if form is not None:
            request.add_header("Sec-Fetch-Site", "same-origin")
        try:
            with self._opener.open(request, timeout=60) as response:
                self.url, self.page = response.url, response.read().decode()
        except Stopped as stopped:
            self.url, self.page = stopped.url, None
        return self.url

    def go_on(self):
        """Follows the only link of the page, which also goes on by itself in a real browser."""
        with contextlib.suppress(urllib.error.HTTPError):  # the page that says no has a status of its own
            self.open(html.unescape(re.search(r'<a href="([^"]*)"', self.page).group(1)))

    def submit(self, **values):
        """Sends the only form of the page with its hidden fields and `values`."""
        form = re.search(r"<form[^>]*>.*?</form>", self.page, re.S).group(0)
        fields = {}
        for field in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", form):
            attributes = dict(re.findall(r'(\w+)="([^"]*)"', field))
            fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
        action = html.unescape(re.search(r'action="([^"]*)"', form).group(1))
        return self.open(urllib.parse.urljoin(self.url, action), {**fields, **values})
