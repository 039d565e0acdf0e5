#include "server/app.h"

#include "platform/http/client.h"
#include "platform/http/server.h"
#include "platform/log.h"
#include "platform/periodic_task.h"
#include "platform/url.h"
#include "server/api/routes.h"
#include "server/housekeeping.h"
#include "server/http/router.h"
#include "server/identity/demo_provider.h"
#include "server/identity/provider_factory.h"
#include "server/storage/sqlite_store.h"

#include <csignal>

namespace keyfob::server {
namespace {

using platform::Result;

constexpr const char* k_demo_provider = "demo";
constexpr std::chrono::minutes k_housekeeping_pause{1};
constexpr std::chrono::seconds k_preparation_pause{15};

std::string redirect_uri(const Config& config, const std::string& provider) {
    return config.external_url + api::k_callback_path + std::string("/") +
           provider; // RP-01: a constant, never from a request
}

Result<signin::Providers> make_providers(const Config& config, const platform::Clock& clock) {
    std::vector<std::unique_ptr<signin::IdentityProvider>> providers;
    for (const ProviderConfig& entry : config.providers) {
        identity::ProviderSettings settings;
        settings.id = entry.id;
        settings.kind = entry.kind;
        settings.display_name = entry.display_name;
        settings.issuer = entry.issuer;
        settings.client_id = entry.client_id;
        settings.client_secret = entry.client_secret.duplicate();
        settings.ca_file = entry.ca_file;
        settings.allow_addresses = entry.allow_addresses;
        settings.pkce_unsupported = entry.pkce_unsupported;
        settings.is_demo = config.demo && entry.id == k_demo_provider;
        KEYFOB_TRY_ASSIGN(auto provider,
                          identity::make_provider(std::move(settings), redirect_uri(config, entry.id), clock));
        providers.push_back(std::move(provider));
    }
    return signin::Providers(std::move(providers));
}

storage::StoreOptions store_options(const Config& config) {
    storage::StoreOptions options;
    options.file = config.database_file;
    options.waiting_writers =
        platform::http::Limits{}.fast_threads - 2; // whoever else has the lock, two go on with what only reads
    return options;
}

signin::Settings signin_settings(const Config& config) {
    signin::Settings settings;
    settings.issuer = config.external_url;
    settings.cookie_seconds = config.cookie_seconds;
    settings.session_idle_seconds = config.idle_seconds;
    settings.session_absolute_seconds = config.absolute_seconds;
    settings.calls_per_provider = platform::http::Limits{}.upstream_threads * 3 / 4;
    return settings;
}

Result<platform::http::ServerOptions> server_options(const Config& config, const http::TrustedProxies& proxies,
                                                     platform::Random& random) {
    platform::http::ServerOptions options;
    options.address = config.listen_address;
    options.port = config.listen_port;
    options.hosts = {platform::Url::parse(config.external_url)->origin.authority()};
    options.request_id = [&random] { return random.token(9); };
    if (config.uses_tls()) {
        KEYFOB_TRY_ASSIGN(options.tls,
                          platform::http::TlsContext::for_server(config.certificate_file, config.key_file));
    } else {
        options.admit_peer = [proxies](const std::string& peer, std::uint16_t, std::uint16_t) {
            return proxies.may_use_plain_http(peer);
        };
    }
    return options;
}

void wait_for_signal() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    int received = 0;
    sigwait(&signals, &received);
}

} // namespace

Result<void> run(Config config) {
    const platform::SystemClock clock;
    platform::SystemRandom random;
    KEYFOB_TRY_ASSIGN(const auto store, storage::open_sqlite_store(store_options(config), random));
    KEYFOB_TRY_ASSIGN(const signin::Providers providers, make_providers(config, clock));
    const signin::AllowRules rules(config.allow);
    const signin::Settings settings = signin_settings(config);
    signin::PairingService pairings(settings, *store, providers, rules, clock, random);
    signin::SessionService sessions(settings, *store, clock, random);
    KEYFOB_TRY_ASSIGN(signin::DpopGate proofs, signin::DpopGate::create(*store, clock));
    std::unique_ptr<identity::DemoProvider> demo;
    if (config.demo)
        demo = std::make_unique<identity::DemoProvider>(config.providers[0].issuer,
                                                        redirect_uri(config, k_demo_provider), clock, random);
    http::Services services{config.external_url,
                            config.external_url.starts_with("https:"),
                            pairings,
                            sessions,
                            proofs,
                            providers,
                            clock,
                            *store,
                            {}};
    if (demo)
        services.demo = [&provider = *demo](const platform::http::Request& request) {
            return provider.handle(request);
        };
    KEYFOB_TRY_ASSIGN(const http::TrustedProxies proxies, http::TrustedProxies::parse(config.trusted_proxies));
    http::Router router(services, proxies);
    KEYFOB_TRY_ASSIGN(platform::http::ServerOptions options, server_options(config, proxies, random));
    KEYFOB_TRY_ASSIGN(const auto server, platform::http::Server::start(std::move(options), router));
    platform::log::info("listening on " + config.listen(), {{"external_url", config.external_url}});
    const platform::PeriodicTask housekeeping(k_housekeeping_pause, [&] { remove_expired(*store, clock); });
    const platform::PeriodicTask preparation(k_preparation_pause, [&] { prepare_providers(providers); });
    wait_for_signal();
    platform::log::info("stopping");
    server->stop();
    return {};
}

} // namespace keyfob::server
