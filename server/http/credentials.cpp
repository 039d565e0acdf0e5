#include "server/http/credentials.h"

#include "platform/encoding.h"

#include <algorithm>

namespace keyfob::server::http {
namespace {

constexpr const char* k_field = "Authorization";

/// What follows the scheme, which is compared without case (RFC 9110 section 11.1); nullopt for another one.
std::optional<std::string> after_scheme(std::string_view field, std::string_view scheme) {
    const std::size_t blank = std::min(field.find(' '), field.size());
    if (!platform::equal_ignoring_case(field.substr(0, blank), scheme))
        return std::nullopt;
    const std::size_t rest = std::min(field.find_first_not_of(' ', blank), field.size());
    return std::string(field.substr(rest));
}

/// RFC 4648 section 4, with its padding: what base64url_decode() takes, in the other alphabet.
std::optional<std::string> base64_decode(std::string text) {
    if (text.size() % 4 != 0 || text.find_first_of("-_") != std::string::npos)
        return std::nullopt;
    const std::size_t end = std::min(text.find('='), text.size());
    if (text.size() - end > 2 || text.find_first_not_of('=', end) != std::string::npos)
        return std::nullopt;
    text.resize(end);
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return platform::base64url_decode(text);
}

std::optional<std::string> form_decode(std::string text) {
    std::replace(text.begin(), text.end(), '+', ' ');
    return platform::percent_decode(text);
}

} // namespace

platform::Result<std::optional<std::string>> bearer_token(const platform::http::Request& request) {
    const auto fields = request.headers.all(k_field);
    if (fields.size() > 1)
        return platform::Error{platform::ErrorKind::invalid, "the Authorization field is there twice"};
    return fields.empty() ? std::nullopt : after_scheme(fields[0], "Bearer");
}

std::optional<ClientCredentials> basic_credentials(const platform::http::Request& request) {
    const auto fields = request.headers.all(k_field);
    const auto encoded = fields.size() == 1 ? after_scheme(fields[0], "Basic") : std::nullopt;
    const auto text = encoded ? base64_decode(*encoded) : std::nullopt;
    const std::size_t colon = text ? text->find(':') : std::string::npos;
    if (colon == std::string::npos)
        return std::nullopt;
    auto id = form_decode(text->substr(0, colon));
    auto secret = form_decode(text->substr(colon + 1));
    if (!id || !secret)
        return std::nullopt;
    return ClientCredentials{std::move(*id), std::move(*secret)};
}

} // namespace keyfob::server::http
