#include "server/signin/loopback_redirect.h"

#include "platform/encoding.h"
#include "platform/url.h"

namespace keyfob::server::signin {
namespace {

constexpr std::string_view k_path = "/cb/";
constexpr std::string_view k_preflight_path = "/preflight/";
constexpr std::size_t k_shortest_nonce = 16; // octets
constexpr std::size_t k_longest_nonce = 64;

bool is_callback_path(std::string_view path) {
    if (!path.starts_with(k_path))
        return false;
    const auto nonce = platform::base64url_decode(path.substr(k_path.size()));
    return nonce && nonce->size() >= k_shortest_nonce && nonce->size() <= k_longest_nonce;
}

} // namespace

platform::Result<LoopbackRedirect> parse_loopback_redirect(std::string_view text) {
    const platform::Error refused{platform::ErrorKind::invalid,
                                  "the redirect URI is not http://127.0.0.1:PORT/cb/<nonce>"};
    const auto url = platform::Url::parse(text);
    if (!url || url->origin.scheme != "http" || url->origin.host != "127.0.0.1" || url->has_query ||
        !is_callback_path(url->path))
        return refused;
    LoopbackRedirect redirect;
    redirect.port = url->origin.port;
    const std::string base = "http://127.0.0.1:" + std::to_string(redirect.port);
    redirect.uri = base + url->path;
    redirect.preflight_uri = base + std::string(k_preflight_path) + url->path.substr(k_path.size());
    if (redirect.uri != text)
        return refused;
    return redirect;
}

} // namespace keyfob::server::signin
