#include "server/config.h"

#include "platform/encoding.h"
#include "platform/http/network.h"
#include "platform/url.h"
#include "server/config_checks.h"
#include "server/config_clients.h"
#include "server/config_providers.h"
#include "server/config_reader.h"
#include "server/secret_file.h"

#include <algorithm>

namespace keyfob::server {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::int64_t k_demo_factor = 100; // all that is tried on it comes from one address

bool is_loopback(const std::string& address) {
    return address == "127.0.0.1" || address == "::1";
}

void read_external_url(TableReader& table, Config& config) {
    const std::string text = table.required_string("external_url");
    if (text.empty())
        return;
    const auto url = platform::Url::parse(text);
    if (!url || (url->path != "/" && !url->path.empty()) || url->has_query)
        return table.problem("external_url",
                             "= \"" + text + "\" is no base URL; expected \"https://id.example.com\" without a path");
    if (url->origin.scheme != "https" && !url->origin.is_loopback())
        return table.problem("external_url",
                             "is plain http; expected https, or http://127.0.0.1:PORT on this machine alone");
    config.external_url = url->origin.text();
}

void read_listen(TableReader& table, Config& config) {
    if (const std::string text = table.string("listen", config.listen()); !parse_listen(text, config))
        table.problem("listen", "= \"" + text + "\" is no address and port; expected \"127.0.0.1:8420\"");
}

void read_proxies(TableReader& table, Config& config) {
    config.trusted_proxies = table.strings("trusted_proxies");
    auto parsed = http::TrustedProxies::parse(config.trusted_proxies);
    if (!parsed)
        return table.check("trusted_proxies", parsed);
    config.proxies = std::move(*parsed);
}

void read_tls(TableReader& table, Config& config) {
    const std::size_t problems = table.problems();
    config.certificate_file = table.required_string("certificate_file");
    config.key_file = table.required_string("key_file");
    if (!config.certificate_file.empty())
        table.check("certificate_file", check_readable_file(config.certificate_file));
    if (!config.key_file.empty())
        table.check("key_file", check_key_file(config.key_file));
    if (table.problems() != problems)
        return;
    auto made = platform::http::TlsContext::for_server(config.certificate_file, config.key_file);
    const bool about_key = !made && made.error().message.find(config.key_file) != std::string::npos; // it names both
    table.check(about_key ? "key_file" : "certificate_file", made);
    if (made)
        config.tls = std::move(*made);
}

void read_database(TableReader& table, Config& config) {
    constexpr std::string_view k_prefix = "sqlite:";
    config.database_warning_bytes = table.size("warn_above", config.database_warning_bytes);
    const std::string url = table.required_string("url");
    if (url.empty())
        return;
    if (!url.starts_with(k_prefix) || url.size() <= k_prefix.size() || url[k_prefix.size()] != '/')
        return table.problem("url", "= \"" + url + "\"; expected \"sqlite:/var/lib/keyfob/keyfob.db\"");
    config.database_file = url.substr(k_prefix.size());
    table.check("url", check_database_place(config.database_file));
}

void read_limits(TableReader& table, Config& config) {
    config.limits.agent = table.rate("agent", config.limits.agent);
    config.limits.browser = table.rate("browser", config.limits.browser);
    config.limits.renewal = table.rate("renewal", config.limits.renewal);
}

void read_session(TableReader& table, Config& config) {
    config.cookie_seconds = table.duration("cookie", config.cookie_seconds);
    config.idle_seconds = table.duration("idle", config.idle_seconds);
    config.absolute_seconds = table.duration("absolute", config.absolute_seconds);
    if (config.cookie_seconds > config.idle_seconds || config.idle_seconds > config.absolute_seconds)
        table.problem("cookie", "must not be longer than idle, and idle not longer than absolute");
}

void read_device_grant(TableReader& table, Config& config) {
    config.device_grant = table.boolean("enabled", config.device_grant);
    config.device_session_seconds = table.duration("session", config.device_session_seconds);
}

void read_log(TableReader& table, Config& config) {
    config.log_level = table.string("level", config.log_level);
    const auto known = {"info", "warning", "error"};
    if (std::find(known.begin(), known.end(), config.log_level) == known.end())
        table.problem("level", "= \"" + config.log_level + "\"; expected info, warning or error");
}

/// What no single key shows.
void check_whole(TableReader& table, const Config& config) {
    const bool behind_proxy = !config.trusted_proxies.empty();
    if (!config.uses_tls() && !behind_proxy && !is_loopback(config.listen_address))
        table.problem(
            "listen",
            "is reachable from elsewhere without TLS; expected [tls], trusted_proxies, or a loopback address");
    if (config.external_url.starts_with("https:") && !config.uses_tls() && !behind_proxy)
        table.problem("external_url", "is https, but this server has no [tls] and no trusted_proxies to stand behind");
    if (config.external_url.starts_with("http:") && config.uses_tls())
        table.problem("external_url", "is http, but [tls] is there; expected https");
    if (config.providers.empty())
        table.problem("provider", "is missing; expected at least one [[provider]]");
    if (config.database_file.empty() && !table.has("database"))
        table.problem("database", "is missing; expected [database] with url = \"sqlite:/…\"");
}

Config read_all(const toml::table& root, Problems& problems) {
    Config config;
    TableReader table(root, "", problems);
    read_external_url(table, config);
    read_listen(table, config);
    read_proxies(table, config);
    table.sub_table("tls", [&](TableReader& sub) { read_tls(sub, config); });
    table.sub_table("database", [&](TableReader& sub) { read_database(sub, config); });
    table.sub_table("limits", [&](TableReader& sub) { read_limits(sub, config); });
    table.sub_table("http", [&](TableReader& sub) { read_http_limits(sub, config.http); });
    table.sub_table("session", [&](TableReader& sub) { read_session(sub, config); });
    table.sub_table("device_grant", [&](TableReader& sub) { read_device_grant(sub, config); });
    table.sub_table("log", [&](TableReader& sub) { read_log(sub, config); });
    table.each_table("provider", [&](TableReader& sub) { read_provider(sub, config); });
    table.each_table("allow", [&](TableReader& sub) { read_rule(sub, config); });
    table.each_table("client", [&](TableReader& sub) { read_client(sub, config); });
    table.each_table("resource_server", [&](TableReader& sub) { read_resource_server(sub, config); });
    check_whole(table, config);
    table.finish();
    return config;
}

} // namespace

std::string Config::listen() const {
    const bool is_v6 = listen_address.find(':') != std::string::npos;
    return (is_v6 ? "[" + listen_address + "]" : listen_address) + ":" + std::to_string(listen_port);
}

std::vector<std::string> Config::hosts() const {
    const platform::Origin origin = platform::Url::parse(external_url).value().origin;
    const std::string port = ":" + std::to_string(origin.port);
    const std::string authority = origin.authority();
    return {authority, authority.ends_with(port) ? authority : authority + port};
}

Result<Config> load_config(const std::string& file) {
    if (auto readable = check_readable_file(file); !readable)
        return Error{readable.error().kind, readable.error().message,
                     "name a file that this user can read by --config FILE"};
    try {
        Problems problems(file);
        Config config = read_all(toml::parse_file(file), problems);
        if (!problems.empty())
            return Error{ErrorKind::invalid, problems.text(),
                         "correct the configuration; --check shows what is in effect"};
        return config;
    } catch (const toml::parse_error& error) {
        return Error{ErrorKind::invalid,
                     file + ":" + std::to_string(error.source().begin.line) +
                         ": not valid TOML: " + platform::printable(error.description()),
                     "correct the configuration"};
    } catch (const std::exception& error) {
        return Error{ErrorKind::invalid, file + ": " + platform::printable(error.what()), "is it a readable file?"};
    }
}

Result<Config> demo_config(const std::string& listen, const std::string& state_directory) {
    Config config;
    if (!parse_listen(listen, config) || config.listen_address != "127.0.0.1")
        return Error{ErrorKind::invalid,
                     "--demo lets anyone sign in, so it listens on this machine alone, not on " + listen,
                     "use --listen 127.0.0.1:PORT"};
    config.demo = true;
    for (platform::Rate* rate : {&config.limits.agent, &config.limits.browser, &config.limits.renewal})
        rate->count *= k_demo_factor;
    config.http.connections_per_address = config.http.connections;
    config.external_url = "http://" + config.listen();
    config.database_file = state_directory + "/demo-" + std::to_string(config.listen_port) + ".db";
    ProviderConfig provider;
    provider.id = "demo";
    provider.kind = "oidc";
    provider.display_name = "Demo provider";
    provider.issuer = config.external_url + "/demo";
    provider.client_id = "keyfob-demo";
    config.providers.push_back(std::move(provider));
    config.allow.push_back({"demo", signin::AllowRule::Anyone{}});
    return config;
}

} // namespace keyfob::server
