#include "agent/login/loopback_pages.h"

#include "platform/digest.h"
#include "platform/encoding.h"

#include <Poco/Base64Encoder.h>

#include <sstream>

namespace keyfob::agent::login {
namespace {

using platform::http::Response;

constexpr const char* k_style =
    ":root{color-scheme:light dark}body{margin:0;font:1rem/1.5 system-ui,sans-serif}"
    "main{max-width:34rem;margin:8vh auto;padding:1.5rem 2rem;border:1px solid #8886;border-radius:.75rem}"
    "h1{font-size:1.5rem;margin:0 0 1rem}";

std::string base64(const std::string& octets) {
    std::ostringstream text;
    Poco::Base64Encoder encoder(text);
    encoder << octets;
    encoder.close();
    return text.str();
}

/// The one style is allowed by its hash, everything else is not.
const std::string& content_security_policy() {
    static const std::string k_text =
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'sha256-" +
        base64(platform::sha256(k_style)) + "'";
    return k_text;
}

Response html(int status, const std::string& title, const std::string& content) {
    Response response;
    response.status = status;
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    response.headers.set("Content-Security-Policy", content_security_policy());
    response.body = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                    "content=\"width=device-width, initial-scale=1\">\n<title>" +
                    title + " - Keyfob</title>\n<style>" + k_style + "</style>\n</head>\n<body>\n<main>\n<h1>" + title +
                    "</h1>\n" + content + "\n</main>\n</body>\n</html>\n";
    return response;
}

} // namespace

Response page_response(Page page) {
    switch (page) {
    case Page::declined:
        return html(200, "Declined", "<p id=\"declined\">Nothing was signed in. You can close this tab.</p>");
    case Page::not_allowed:
        return html(403, "Not allowed",
                    "<p id=\"not-allowed\">This server's rules do not let you in. The terminal says more.</p>");
    case Page::failed:
        return html(200, "It did not work",
                    "<p id=\"failed\">The sign-in failed. The terminal says why. You can close this tab.</p>");
    case Page::not_yours:
        return html(
            400, "Not your sign-in",
            "<p id=\"not-yours\">This address belongs to no sign-in that was begun here. Nothing has changed.</p>");
    case Page::signed_in:
    case Page::over:
        break;
    }
    return html(410, "This sign-in is over",
                "<p id=\"over\">It has ended. To sign in, start again in the terminal.</p>");
}

Response signed_in_response(const std::string& account, const std::string& command) {
    return html(200, "You are signed in",
                "<p id=\"signed-in\">" + platform::html_escape(account) +
                    "</p>\n<p>The session is in your keychain. Go back to the terminal; you can close this "
                    "tab.</p>\n<p>Next: <code>" +
                    platform::html_escape(command) + " do /session</code></p>");
}

Response not_begun_response(const std::string& why) {
    return html(502, "The sign-in cannot begin",
                "<p id=\"not-begun\">" + platform::html_escape(why) + "</p>\n<p>Reload this page to try again.</p>");
}

} // namespace keyfob::agent::login
