#include "server/identity/fetcher.h"

#include "platform/encoding.h"
#include "platform/http/network.h"

#include <algorithm>

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::http::Client;
using platform::http::ClientOptions;
using platform::http::ClientRequest;
using platform::http::ClientResponse;
using platform::http::Network;

class HttpFetcher final : public Fetcher {
public:
    HttpFetcher(ClientOptions options, ClientOptions demo_options, std::string demo_origin)
        : m_client(std::move(options)), m_demo_client(std::move(demo_options)), m_demo_origin(std::move(demo_origin)) {}

    Result<ClientResponse> send(const ClientRequest& request) const override {
        if (!m_demo_origin.empty() && request.url.origin.text() == m_demo_origin)
            return m_demo_client.fetch(request);
        if (request.url.origin.scheme != "https")
            return Error{ErrorKind::invalid, request.url.origin.text() + " is not https"};
        return m_client.fetch(request);
    }

private:
    Client m_client;
    Client m_demo_client;
    std::string m_demo_origin;
};

} // namespace

Result<std::unique_ptr<Fetcher>> make_fetcher(const FetcherOptions& options) {
    std::vector<Network> allowed;
    for (const std::string& text : options.allow_addresses) {
        KEYFOB_TRY_ASSIGN(Network network, Network::parse(text));
        allowed.push_back(std::move(network));
    }
    ClientOptions client;
    KEYFOB_TRY_ASSIGN(client.tls, platform::http::TlsContext::for_client(options.ca_file));
    client.allow_address = [allowed](const std::string& ip) {
        const auto address = platform::http::parse_address(ip);
        return address && (platform::http::is_public_address(*address) ||
                           std::any_of(allowed.begin(), allowed.end(),
                                       [&](const Network& network) { return network.contains(*address); }));
    };
    ClientOptions demo;
    demo.tls = client.tls;
    demo.allow_address = [](const std::string& ip) {
        const auto address = platform::http::parse_address(ip);
        return address && address->isLoopback();
    };
    return std::unique_ptr<Fetcher>(
        std::make_unique<HttpFetcher>(std::move(client), std::move(demo), options.demo_origin));
}

void set_common_headers(platform::http::Headers& headers) {
    headers.set("Accept", "application/json");
    headers.set("User-Agent", "keyfob-server/" KEYFOB_VERSION);
}

Result<void> require_json(const ClientResponse& response, const platform::Url& url) {
    const std::string type = platform::http::media_type(response.headers);
    if (type == "application/json" || (type.starts_with("application/") && type.ends_with("+json")))
        return {};
    return Error{ErrorKind::invalid, url.origin.authority() + " answered " + url.path + " with \"" +
                                         platform::printable(type, 80) + "\", not with JSON"};
}

Error wrong_status(const ClientResponse& response, const platform::Url& url) {
    constexpr int k_forbidden = 403;
    constexpr int k_too_many_requests = 429;
    const int status = response.status;
    const std::string* left = response.headers.find("X-RateLimit-Remaining"); // GitHub's way
    const bool is_limited =
        status == k_forbidden && ((left != nullptr && *left == "0") || response.headers.find("Retry-After") != nullptr);
    const bool may_pass = status >= 500 || status == k_too_many_requests || is_limited;
    return {may_pass ? ErrorKind::unreachable : ErrorKind::invalid,
            url.origin.authority() + " answered " + url.path + " with status " + std::to_string(status) +
                (is_limited ? ", because it was asked too often" : "") +
                (status >= 300 && status < 400 ? ", and redirects are not followed" : "")};
}

Result<std::string> fetch_document(const Fetcher& fetcher, const std::string& url, platform::http::Headers headers) {
    ClientRequest request;
    KEYFOB_TRY_ASSIGN(request.url, platform::Url::parse(url));
    request.headers = std::move(headers);
    set_common_headers(request.headers);
    KEYFOB_TRY_ASSIGN(ClientResponse response, fetcher.send(request));
    if (response.status != 200)
        return wrong_status(response, request.url);
    KEYFOB_TRY(require_json(response, request.url));
    return std::move(response.body);
}

} // namespace keyfob::server::identity
