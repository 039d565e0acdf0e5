#include "server/signin/loopback_redirect.h"

#include "platform/encoding.h"
#include "platform/url.h"

#include <algorithm>
#include <optional>

namespace keyfob::server::signin {
namespace {

constexpr std::string_view k_path = "/cb/";
constexpr std::string_view k_preflight_path = "/preflight/";
constexpr std::size_t k_shortest_nonce = 16; // octets
constexpr std::size_t k_longest_nonce = 64;
constexpr std::size_t k_longest_path = 128;

bool is_callback_path(std::string_view path) {
    if (!path.starts_with(k_path))
        return false;
    const auto nonce = platform::base64url_decode(path.substr(k_path.size()));
    return nonce && nonce->size() >= k_shortest_nonce && nonce->size() <= k_longest_nonce;
}

std::string base_of(std::uint16_t port) {
    return "http://127.0.0.1:" + std::to_string(port);
}

/// nullopt for what is elsewhere, has more than a path, or is not written as we would write it.
std::optional<platform::Url> parse_loopback(std::string_view text) {
    auto url = platform::Url::parse(text);
    if (!url || url->origin.scheme != "http" || url->origin.host != "127.0.0.1" || url->has_query ||
        base_of(url->origin.port) + url->path != text)
        return std::nullopt;
    return std::move(*url);
}

bool is_redirect_segment(std::string_view segment) {
    return !segment.empty() && segment != "." && segment != ".." &&
           platform::percent_encode(segment) == segment; // nothing but unreserved characters
}

} // namespace

platform::Result<LoopbackRedirect> parse_loopback_redirect(std::string_view text) {
    const platform::Error refused{platform::ErrorKind::invalid,
                                  "the redirect URI is not http://127.0.0.1:PORT/cb/<nonce>"};
    const auto url = parse_loopback(text);
    if (!url || !is_callback_path(url->path))
        return refused;
    LoopbackRedirect redirect;
    redirect.port = url->origin.port;
    const std::string base = base_of(redirect.port);
    redirect.uri = base + url->path;
    redirect.preflight_uri = base + std::string(k_preflight_path) + url->path.substr(k_path.size());
    return redirect;
}

platform::Result<std::string> parse_client_redirect(std::string_view text, const std::vector<std::string>& paths) {
    const auto url = parse_loopback(text);
    if (!url || std::find(paths.begin(), paths.end(), url->path) == paths.end())
        return platform::Error{platform::ErrorKind::invalid,
                               "the redirect URI is not http://127.0.0.1:PORT with a path of this client", "",
                               "invalid_request"};
    return base_of(url->origin.port) + url->path;
}

bool is_redirect_path(std::string_view path) {
    if (path.empty() || path.front() != '/' || path.size() > k_longest_path)
        return false;
    if (path == "/")
        return true;
    path.remove_prefix(1);
    for (std::size_t slash = 0; (slash = path.find('/')) != std::string_view::npos; path.remove_prefix(slash + 1))
        if (!is_redirect_segment(path.substr(0, slash)))
            return false;
    return path.empty() || is_redirect_segment(path); // a slash may end it
}

} // namespace keyfob::server::signin
