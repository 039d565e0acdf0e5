#include "server/identity/diagnosis.h"

#include "platform/jose/jwt.h"
#include "server/identity/provider_metadata.h"
#include "server/identity/token_request.h"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>

#include <cstdlib>
#include <optional>

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::http::ClientRequest;
using platform::http::ClientResponse;

constexpr std::int64_t k_most_seconds_apart = 60; ///< the leeway of id_token.cpp
constexpr const char* k_no_code = "keyfob-doctor";
constexpr const char* k_no_verifier = "keyfob-doctor-keyfob-doctor-keyfob-doctor-keyfob";

/// Why an address does not answer as it should, and what an operator can do.
std::string fix_of(const Error& error, const std::string& host) {
    const bool is_certificate = error.message.find("certificate") != std::string::npos;
    if (error.kind == ErrorKind::denied && is_certificate)
        return "name the authority that signs its certificate in ca_file";
    if (error.kind == ErrorKind::denied)
        return "if " + host + " may be inside your network, name its address in allow_addresses";
    if (error.kind == ErrorKind::unreachable || error.kind == ErrorKind::timed_out)
        return "try: curl -v https://" + host + "/ from this machine";
    return "compare issuer with the provider's own documentation, letter by letter";
}

/// Collects what is found about one provider.
class Examination {
public:
    Examination(const ProviderSettings& settings, const std::string& redirect_uri, const Fetcher& fetcher,
                const platform::Clock& clock)
        : m_settings(settings), m_redirect_uri(redirect_uri), m_fetcher(fetcher), m_clock(clock) {}

    [[nodiscard]] std::vector<Finding> run() {
        if (m_settings.kind == "github")
            examine_github();
        else
            examine_openid();
        add("redirect", true, m_redirect_uri + " must be registered at the provider, exactly so");
        return std::move(m_findings);
    }

private:
    void add(const char* what, bool is_ok, std::string detail, std::string fix = {}) {
        m_findings.push_back({what, is_ok, std::move(detail), std::move(fix)});
    }

    std::optional<ClientResponse> ask(const char* what, const std::string& url) {
        ClientRequest request;
        auto parsed = platform::Url::parse(url);
        if (!parsed) {
            add(what, false, url + " is no URL", "write issuer as the provider does");
            return std::nullopt;
        }
        request.url = std::move(*parsed);
        set_common_headers(request.headers);
        auto response = m_fetcher.send(request);
        if (response)
            return std::move(*response);
        add(what, false, response.error().message, fix_of(response.error(), request.url.origin.authority()));
        return std::nullopt;
    }

    void examine_clock(const ClientResponse& response) {
        const std::string* date = response.headers.find("Date");
        Poco::DateTime theirs;
        int zone = 0;
        if (date == nullptr || !Poco::DateTimeParser::tryParse(Poco::DateTimeFormat::HTTP_FORMAT, *date, theirs, zone))
            return add("clock", true, "the provider does not tell its time");
        const std::int64_t apart = platform::to_unix(m_clock.now()) - theirs.timestamp().epochTime();
        const bool is_ok = std::abs(apart) <= k_most_seconds_apart;
        add("clock", is_ok,
            std::to_string(std::abs(apart)) + " s " + (apart < 0 ? "behind" : "ahead of") + " the provider's",
            is_ok ? "" : "set this machine's clock, by NTP: id_tokens would seem expired, or not valid yet");
    }

    void examine_openid() {
        const std::string url = discovery_url(m_settings.issuer);
        const auto response = ask("discovery", url);
        if (!response)
            return;
        if (response->status != 200)
            return add("discovery", false, url + " answered with status " + std::to_string(response->status),
                       "is issuer right? " + url + " must be its metadata");
        add("discovery", true, url);
        examine_clock(*response);
        const auto metadata =
            parse_metadata(response->body, {m_settings.issuer, m_settings.pkce_unsupported, m_settings.is_demo});
        if (!metadata)
            return add("issuer", false, metadata.error().message, "write issuer exactly as " + url + " does");
        add("issuer", true, metadata->issuer);
        examine_keys(metadata->jwks_uri);
        examine_client(metadata->token_endpoint, metadata->token_auth_methods);
    }

    void examine_keys(const std::string& url) {
        const auto response = ask("keys", url);
        if (!response)
            return;
        const auto keys = platform::jose::KeySet::parse(response->body);
        const std::size_t count = keys ? keys->size() : 0;
        add("keys", count > 0, url + " has " + std::to_string(count) + " that we can use",
            count > 0 ? "" : "let the provider sign with RS256 (2048 bits or more) or ES256");
    }

    void examine_github() {
        const bool is_public = m_settings.issuer == "https://github.com";
        const auto response = ask("discovery", is_public ? "https://api.github.com/" : m_settings.issuer + "/api/v3/");
        if (!response)
            return;
        if (response->status >= 500)
            return add("discovery", false, "the API answered with status " + std::to_string(response->status),
                       "try again later");
        add("discovery", true, "the API answers");
        examine_clock(*response);
        examine_client(m_settings.issuer + "/login/oauth/access_token", {"client_secret_post"});
    }

    /// Shows a code that nobody gave out: whoever answers that the code is wrong has accepted the client.
    void examine_client(const std::string& endpoint, const std::vector<std::string>& methods) {
        const TokenRequest request{endpoint,
                                   m_settings.client_id,
                                   m_settings.client_secret,
                                   methods,
                                   k_no_code,
                                   m_settings.pkce_unsupported ? "" : k_no_verifier,
                                   m_redirect_uri};
        const auto answer = request_token(m_fetcher, request);
        if (answer)
            return add("client", false, "it takes any code", "do not use this provider");
        const std::string& message = answer.error().message;
        const auto says = [&](const char* words) { return message.find(words) != std::string::npos; };
        if (says("the code: invalid_grant") || says("the code: bad_verification_code"))
            return add("client", true,
                       m_settings.client_secret.empty() ? "client_id is accepted"
                                                        : "client_id and secret are accepted");
        if (says("the code: redirect_uri"))
            return add("client", false, message, "register " + m_redirect_uri + " at the provider");
        if (answer.error().kind == ErrorKind::denied || says("status 401"))
            return add("client", false, message,
                       "copy client_id and the secret of client_secret_file from the provider anew");
        add("client", false, message, fix_of(answer.error(), platform::Url::parse(endpoint)->origin.authority()));
    }

    const ProviderSettings& m_settings;
    const std::string& m_redirect_uri;
    const Fetcher& m_fetcher;
    const platform::Clock& m_clock;
    std::vector<Finding> m_findings;
};

} // namespace

std::vector<Finding> diagnose(const ProviderSettings& settings, const std::string& redirect_uri, const Fetcher& fetcher,
                              const platform::Clock& clock) {
    return Examination(settings, redirect_uri, fetcher, clock).run();
}

} // namespace keyfob::server::identity
