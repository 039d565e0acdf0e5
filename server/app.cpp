#include "server/app.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/http/client.h"
#include "platform/http/server.h"
#include "platform/log.h"
#include "platform/periodic_task.h"
#include "platform/request_ids.h"
#include "server/housekeeping.h"
#include "server/http/router.h"
#include "server/identity/demo_provider.h"
#include "server/provider_setup.h"
#include "server/stop_limit.h"
#include "server/storage/sqlite_store.h"

#include <csignal>
#include <optional>
#include <stop_token>

#include <unistd.h>

namespace keyfob::server {
namespace {

using platform::Result;

constexpr std::chrono::minutes k_housekeeping_pause{1};
constexpr std::chrono::seconds k_preparation_pause{15};

Result<signin::Providers> make_providers(const Config& config, const platform::Clock& clock) {
    std::vector<std::unique_ptr<signin::IdentityProvider>> providers;
    for (const ProviderConfig& entry : config.providers) {
        KEYFOB_TRY_ASSIGN(auto provider, make_provider(config, entry, clock));
        providers.push_back(std::move(provider));
    }
    return signin::Providers(std::move(providers));
}

std::vector<signin::ResourceServer> make_resource_servers(const Config& config) {
    std::vector<signin::ResourceServer> servers;
    for (const ResourceServerConfig& entry : config.resource_servers)
        servers.push_back({entry.id, entry.secret.duplicate(), entry.clients});
    return servers;
}

storage::StoreOptions store_options(const Config& config) {
    storage::StoreOptions options;
    options.file = config.database_file;
    options.waiting_writers = config.http.fast_threads - 2; // whoever else has the lock, two go on with what only reads
    return options;
}

signin::Settings signin_settings(const Config& config) {
    signin::Settings settings;
    settings.issuer = config.external_url;
    settings.cookie_seconds = config.cookie_seconds;
    settings.session_idle_seconds = config.idle_seconds;
    settings.session_absolute_seconds = config.absolute_seconds;
    settings.device_session_seconds = config.device_session_seconds;
    settings.calls_per_provider = std::max<std::size_t>(config.http.upstream_threads * 3 / 4, 1);
    return settings;
}

platform::http::ServerOptions server_options(const Config& config, platform::Random& random) {
    platform::http::ServerOptions options;
    options.address = config.listen_address;
    options.port = config.listen_port;
    options.hosts = config.hosts();
    options.limits = config.http;
    options.is_proxy = [proxies = config.proxies](const std::string& peer) { return proxies.is_proxy(peer); };
    options.request_id = [ids = std::make_shared<platform::RequestIds>(random)] { return ids->next(); };
    options.tls = config.tls;
    if (!options.tls)
        options.admit_peer = [proxies = config.proxies](const std::string& peer, std::uint16_t, std::uint16_t) {
            return proxies.may_use_plain_http(peer);
        };
    return options;
}

/// Of what --check shows, so that an operator can tell whether two starts had the same.
std::string digest_of(const Config& config) {
    return platform::hex_encode(platform::sha256(to_text(config))).substr(0, 12);
}

/// A second signal does what signals do, at once: whoever sends it has waited long enough.
void wait_for_signal() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM}) {
        sigaddset(&signals, signal);
        std::signal(signal, SIG_DFL); // NOLINT(cert-err33-c): who started us may have ignored it
    }
    int received = 0;
    sigwait(&signals, &received);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

/// No destructor could end what waits for a provider, so none is called.
void give_up() {
    platform::log::warning("stop_deadline_passed", {{"reason", "requests to providers are still running"}});
    ::_exit(0);
}

} // namespace

Result<void> run(Config config) {
    std::optional<StopLimit> limit; // outlives everything that the stop waits for
    std::stop_source stopping;
    const platform::SystemClock clock;
    platform::SystemRandom random;
    KEYFOB_TRY_ASSIGN(const auto store, storage::open_sqlite_store(store_options(config), random));
    KEYFOB_TRY_ASSIGN(const signin::Providers providers, make_providers(config, clock));
    const signin::AllowRules rules(config.allow);
    const signin::Settings settings = signin_settings(config);
    signin::PairingService pairings(settings, *store, providers, rules, clock, random);
    signin::SessionService sessions(settings, *store, clock, random);
    const signin::Clients clients(config.clients);
    const signin::ResourceServers resource_servers(make_resource_servers(config));
    signin::TokenService tokens(settings, *store, clients, clock, random);
    signin::UpstreamLogout upstream_logout(*store, providers, clock);
    std::unique_ptr<signin::DeviceService> devices;
    if (config.device_grant) {
        KEYFOB_TRY_ASSIGN(devices, signin::DeviceService::create(settings, *store, sessions, tokens, clock, random));
    }
    KEYFOB_TRY_ASSIGN(signin::DpopGate proofs, signin::DpopGate::create(*store, clock));
    std::unique_ptr<identity::DemoProvider> demo;
    if (config.demo)
        demo = std::make_unique<identity::DemoProvider>(config.providers[0].issuer,
                                                        redirect_uri(config, config.providers[0].id), clock, random);
    http::Services services{config.external_url,
                            config.external_url.starts_with("https:"),
                            pairings,
                            sessions,
                            proofs,
                            providers,
                            clock,
                            *store,
                            clients,
                            resource_servers,
                            tokens,
                            upstream_logout,
                            devices.get(),
                            {}};
    if (demo)
        services.demo = [&provider = *demo](const platform::http::Request& request) {
            return provider.handle(request);
        };
    http::RateLimits limits(config.limits, clock, random);
    http::Router router(services, limits, config.proxies);
    KEYFOB_TRY_ASSIGN(const auto server, platform::http::Server::start(server_options(config, random), router));
    KEYFOB_TRY(store->note({signin::AuditEvent::server_configured, "configuration " + digest_of(config)},
                           platform::to_unix(clock.now())));
    platform::log::info("listening on " + config.listen(), {{"external_url", config.external_url}});
    const platform::PeriodicTask housekeeping(
        k_housekeeping_pause, [&, alarm = SizeAlarm(config.database_file, config.database_warning_bytes)]() mutable {
            remove_expired(*store, clock, stopping.get_token());
            alarm.check();
        });
    const platform::PeriodicTask preparation(k_preparation_pause,
                                             [&] { prepare_providers(providers, stopping.get_token()); });
    wait_for_signal();
    limit.emplace(config.http.stop_deadline, give_up);
    stopping.request_stop();
    platform::log::info("stopping");
    server->stop();
    return {};
}

} // namespace keyfob::server
