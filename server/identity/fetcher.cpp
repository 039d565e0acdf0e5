#include "server/identity/fetcher.h"

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
    KEYFOB_TRY_ASSIGN(client.tls, platform::http::client_tls_context(options.ca_file));
    client.allow_address = [allowed](const Poco::Net::SocketAddress& address) {
        return platform::http::is_public_address(address.host()) ||
               std::any_of(allowed.begin(), allowed.end(),
                           [&](const Network& network) { return network.contains(address.host()); });
    };
    ClientOptions demo;
    demo.allow_address = [](const Poco::Net::SocketAddress& address) { return address.host().isLoopback(); };
    return std::unique_ptr<Fetcher>(
        std::make_unique<HttpFetcher>(std::move(client), std::move(demo), options.demo_origin));
}

Result<std::string> fetch_document(const Fetcher& fetcher, const std::string& url, platform::http::Headers headers) {
    ClientRequest request;
    KEYFOB_TRY_ASSIGN(request.url, platform::Url::parse(url));
    request.headers = std::move(headers);
    request.headers.set("Accept", "application/json");
    request.headers.set("User-Agent", "keyfob-server/" KEYFOB_VERSION);
    KEYFOB_TRY_ASSIGN(ClientResponse response, fetcher.send(request));
    if (response.status != 200)
        return Error{response.status >= 500 ? ErrorKind::unreachable : ErrorKind::invalid,
                     request.url.origin.authority() + " answered with status " + std::to_string(response.status)};
    return std::move(response.body);
}

} // namespace keyfob::server::identity
