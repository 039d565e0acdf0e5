#include "server/signin/client_request.h"

#include "server/signin/code_challenge.h"
#include "server/signin/loopback_redirect.h"

#include <algorithm>

namespace keyfob::server::signin {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::size_t k_longest_client_state = 512;

Error refused(const char* code, const char* why) {
    return {ErrorKind::invalid, why, "", code};
}

/// RFC 6749 appendix A.5, bounded.
bool is_client_state(const std::string& text) {
    return text.size() <= k_longest_client_state &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

} // namespace

ClientRequest ClientRequest::of(const platform::Parameters& parameters, std::string client_address) {
    return {parameters.get("response_type"),
            parameters.get("response_mode"),
            parameters.get("redirect_uri"),
            parameters.get("state"),
            parameters.get("scope"),
            parameters.get("code_challenge"),
            parameters.get("code_challenge_method"),
            std::move(client_address)};
}

Result<void> check_redirect(const Client& client, const ClientRequest& request) {
    KEYFOB_TRY(parse_client_redirect(request.redirect_uri, client.redirect_paths));
    if (!is_client_state(request.state))
        return refused("invalid_request", "state has more than 512 octets, or other than visible ASCII");
    return {};
}

Result<void> check_request(const ClientRequest& request) {
    if (request.response_type.empty())
        return refused("invalid_request", "response_type is missing");
    if (request.response_type != "code")
        return refused("unsupported_response_type", "response_type must be code");
    if (!request.response_mode.empty() && request.response_mode != "query")
        return refused("invalid_request", "response_mode must be query");
    if (!request.scope.empty()) // it would be dropped, and `openid` promises an id_token
        return refused("invalid_scope", "there are no scopes here");
    if (request.code_challenge_method != "S256" || !is_code_challenge(request.code_challenge))
        return refused("invalid_request", "a code_challenge with code_challenge_method S256 is needed");
    return {};
}

std::string error_url(const ClientRequest& request, const Error& error, const std::string& issuer) {
    platform::Parameters answer;
    answer.add("error", error.code);
    answer.add("error_description", error.message);
    if (!request.state.empty())
        answer.add("state", request.state);
    answer.add("iss", issuer);
    return platform::with_query(request.redirect_uri, answer);
}

} // namespace keyfob::server::signin
