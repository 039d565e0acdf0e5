#include "platform/encoding.h"
#include "platform/url.h"
#include "server/signin/loopback_redirect.h"
#include "tests/fuzz/fuzzer.h"

using namespace keyfob;
using keyfob::fuzz::require;

namespace {

using server::signin::is_redirect_path;
using server::signin::parse_client_redirect;
using server::signin::parse_loopback_redirect;

void check_url(std::string_view input) {
    const auto url = platform::Url::parse(input);
    if (!url)
        return;
    const platform::Origin& origin = url->origin;
    require(origin.port != 0 && !origin.host.empty() && platform::lower_case(origin.host) == origin.host &&
                origin.host.find_first_of("@/?#\\ %") == std::string::npos,
            "an origin has a port and a host that means the same to everybody");
    require(origin.scheme == "http" || origin.scheme == "https", "the scheme is http or https");
    require(url->path.starts_with('/') && input.find('#') == std::string_view::npos, "a path and no fragment");
    const auto again = platform::Url::parse(url->text());
    require(again && again->text() == url->text() && again->origin == origin && again->path == url->path &&
                again->query == url->query && again->has_query == url->has_query,
            "written and parsed again it is the same");
}

void check_agent_redirect(std::string_view input) {
    constexpr std::string_view k_path = "/cb/";
    const auto redirect = parse_loopback_redirect(input);
    if (!redirect)
        return;
    const std::string base = "http://127.0.0.1:" + std::to_string(redirect->port);
    require(redirect->uri == input && input.starts_with(base + std::string(k_path)), "AS-02: it is given back as sent");
    const std::string_view nonce = input.substr(base.size() + k_path.size());
    require(platform::base64url_decode(nonce).has_value(), "AS-02: nothing follows the nonce");
    require(redirect->preflight_uri == base + "/preflight/" + std::string(nonce), "the pre-flight has the same nonce");
}

void check_client_redirect(std::string_view input) {
    constexpr const char* k_base = "http://127.0.0.1:";
    const auto redirect = parse_client_redirect(input, {"/callback", "/"});
    if (!redirect)
        return;
    const auto url = platform::Url::parse(input);
    const std::string base = k_base + std::to_string(url.value().origin.port);
    require(*redirect == input && (input == base + "/callback" || input == base + "/"),
            "a client's redirect is this machine's, with a path of its own and nothing behind it");
}

void check_redirect_path(std::string_view input) {
    const std::string path(input);
    if (!is_redirect_path(path))
        return;
    const auto redirect = parse_client_redirect("http://127.0.0.1:4711" + path, {path});
    require(redirect && *redirect == "http://127.0.0.1:4711" + path, "a path that may be configured can be used");
    require(path.find("//") == std::string::npos && path.find("/./") == std::string::npos &&
                path.find("/../") == std::string::npos && path.find_first_of("?#%\\") == std::string::npos,
            "a path that nobody writes in another way");
}

} // namespace

/// AS-02: whatever is taken is 127.0.0.1, and is given back octet by octet.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = fuzz::text_of(data, size);
    check_url(input);
    check_agent_redirect(input);
    check_client_redirect(input);
    check_redirect_path(input);
    return 0;
}
