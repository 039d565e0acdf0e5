#include "server/config_providers.h"

#include "platform/http/network.h"
#include "server/config_checks.h"
#include "server/identity/presets.h"
#include "server/provider_setup.h"
#include "server/secret_file.h"

#include <algorithm>

namespace keyfob::server {
namespace {

using signin::AllowRule;

constexpr std::size_t k_longest_provider_id = 32;

bool is_provider_id(const std::string& text) {
    return !text.empty() && text.size() <= k_longest_provider_id && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

void read_kind(TableReader& table, ProviderConfig& provider) {
    provider.kind = table.string("kind", "oidc");
    provider.display_name = table.string("display_name");
    provider.tenant = table.string("tenant");
    provider.groups_claim = table.string("groups_claim", provider.groups_claim);
    const identity::Preset* preset = identity::find_preset(provider.kind);
    const bool needs_issuer = preset != nullptr && preset->issuer.empty() && !preset->has_tenants;
    provider.issuer = needs_issuer ? table.required_string("issuer") : table.string("issuer");
    if (preset == nullptr)
        return table.problem("kind", "= \"" + provider.kind + "\"; expected one of " + identity::preset_names());
    if (provider.display_name.empty())
        provider.display_name = preset->name.empty() ? provider.id : preset->name;
    if (needs_issuer && provider.issuer.empty())
        return;
    auto issuer = identity::issuer_of(*preset, provider.issuer, provider.tenant);
    if (!issuer)
        return table.check(preset->has_tenants ? "tenant" : "issuer", issuer);
    provider.issuer = std::move(*issuer);
    if (table.has("groups_claim") && !preset->has_groups)
        table.problem("groups_claim", "is of no use: kind \"" + provider.kind + "\" has no groups");
}

void read_id(TableReader& table, const Config& config, ProviderConfig& provider) {
    provider.id = table.required_string("id");
    if (!provider.id.empty() && !is_provider_id(provider.id))
        table.problem("id", "= \"" + provider.id + "\"; expected up to 32 of a-z, 0-9 and -");
    if (find_provider(config, provider.id) != nullptr)
        table.problem("id", "= \"" + provider.id + "\" is there twice");
}

void read_pkce(TableReader& table, ProviderConfig& provider) {
    const std::string pkce = table.string("pkce", "required");
    if (pkce != "required" && pkce != "unsupported")
        table.problem("pkce", "= \"" + pkce + "\"; expected \"required\" or \"unsupported\"");
    provider.pkce_unsupported = pkce == "unsupported";
}

void read_client_secret(TableReader& table, ProviderConfig& provider) {
    provider.client_secret_file = table.string("client_secret_file");
    if (provider.client_secret_file.empty())
        return;
    auto secret = read_secret_file(provider.client_secret_file);
    if (!secret)
        return table.problem("client_secret_file", secret.error().message);
    provider.client_secret = std::move(*secret);
}

void read_authorities(TableReader& table, ProviderConfig& provider) {
    provider.ca_file = table.string("ca_file");
    if (provider.ca_file.empty())
        return;
    if (auto readable = check_readable_file(provider.ca_file); !readable)
        table.check("ca_file", readable); // OpenSSL would not say why
    else
        table.check("ca_file", platform::http::TlsContext::for_client(provider.ca_file));
}

void read_addresses(TableReader& table, ProviderConfig& provider) {
    provider.allow_addresses = table.strings("allow_addresses");
    for (const std::string& address : provider.allow_addresses)
        table.check("allow_addresses", platform::http::Network::parse(address));
}

} // namespace

void read_provider(TableReader& table, Config& config) {
    const std::size_t problems = table.problems();
    ProviderConfig provider;
    read_id(table, config, provider);
    read_kind(table, provider);
    provider.client_id = table.required_string("client_id");
    read_authorities(table, provider);
    read_addresses(table, provider);
    read_pkce(table, provider);
    read_client_secret(table, provider);
    if (table.problems() == problems) // what is left is about the issuer
        table.check(table.has("issuer") ? "issuer" : "id", make_provider(config, provider, platform::SystemClock()));
    config.providers.push_back(std::move(provider));
}

namespace {

/// The rule of this kind, if its key is there.
template <typename Rule> void find_who(TableReader& table, std::vector<AllowRule::Who>& found) {
    if (std::string value = table.string(Rule::k_key); !value.empty())
        found.push_back(Rule{std::move(value)});
}

/// All that a rule says of who is meant; it should be one.
std::vector<AllowRule::Who> find_who(TableReader& table) {
    std::vector<AllowRule::Who> found;
    if (table.boolean(AllowRule::Anyone::k_key, false))
        found.push_back(AllowRule::Anyone{});
    find_who<AllowRule::User>(table, found);
    find_who<AllowRule::Email>(table, found);
    find_who<AllowRule::EmailDomain>(table, found);
    find_who<AllowRule::HostedDomain>(table, found);
    find_who<AllowRule::Group>(table, found);
    find_who<AllowRule::Organization>(table, found);
    find_who<AllowRule::Team>(table, found);
    const std::string claim = table.string(AllowRule::Claim::k_key);
    const std::string value = table.string("value");
    if (!claim.empty() && !value.empty())
        found.push_back(AllowRule::Claim{claim, value});
    else if (claim.empty() != value.empty())
        found.clear();
    return found;
}

} // namespace

void read_rule(TableReader& table, Config& config) {
    AllowRule rule;
    rule.where = table.place();
    rule.provider = table.required_string("provider");
    auto who = find_who(table);
    if (who.size() != 1)
        return table.problem("provider",
                             "has a rule that says who in none or in several ways; expected one of user, email, "
                             "email_domain, hosted_domain, group, organization, team, claim with value, anyone = true");
    rule.who = std::move(who[0]);
    const ProviderConfig* provider = find_provider(config, rule.provider);
    if (provider == nullptr && !rule.provider.empty())
        table.problem("provider", "= \"" + rule.provider + "\" is the id of no [[provider]]");
    if (const auto impossible = find_impossible(rule, provider == nullptr ? "" : provider->kind))
        table.problem(impossible->first, impossible->second);
    config.allow.push_back(std::move(rule));
}

const ProviderConfig* find_provider(const Config& config, const std::string& id) {
    const auto found = std::find_if(config.providers.begin(), config.providers.end(),
                                    [&](const ProviderConfig& provider) { return provider.id == id; });
    return found == config.providers.end() ? nullptr : &*found;
}

} // namespace keyfob::server
