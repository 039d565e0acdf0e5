#include "server/signin/allow_rules.h"

#include "platform/encoding.h"

#include <algorithm>

namespace keyfob::server::signin {
namespace {

constexpr std::size_t k_most_listed = 10;

std::string quoted(const std::string& text) {
    return "\"" + platform::printable(text, 200) + "\"";
}

/// The domain of an address with exactly one `@`; empty otherwise (RP-13).
std::string domain_of(const std::string& address) {
    const std::size_t at = address.find('@');
    if (at == 0 || at == std::string::npos || address.find('@', at + 1) != std::string::npos)
        return {};
    return address.substr(at + 1);
}

/// What keeps an address from counting; empty: nothing.
std::string address_fault(const Identity& identity) {
    if (identity.email.empty())
        return "the provider gives no e-mail address";
    if (!identity.email_verified)
        return "the provider does not say that " + quoted(identity.email) + " is verified";
    if (domain_of(identity.email).empty())
        return quoted(identity.email) + " is no address with a domain";
    return {};
}

/// `the groups are "a", "b"`
std::string listing(const char* what, const std::vector<std::string>& values) {
    if (values.empty())
        return std::string("the provider names no ") + what;
    std::string text = std::string("the ") + what + " are ";
    for (std::size_t i = 0; i < std::min(values.size(), k_most_listed); ++i)
        text += (i == 0 ? "" : ", ") + quoted(values[i]);
    return text +
           (values.size() > k_most_listed ? " and " + std::to_string(values.size() - k_most_listed) + " more" : "");
}

/// A rule without a value, which the configuration does not let through, fits nobody.
bool holds(const std::vector<std::string>& values, const std::string& wanted,
           bool (*equal)(std::string_view, std::string_view)) {
    return !wanted.empty() &&
           std::any_of(values.begin(), values.end(), [&](const std::string& value) { return equal(value, wanted); });
}

bool is_same(std::string_view left, std::string_view right) {
    return left == right;
}

std::string misfit(const AllowRule::Anyone&, const Identity&) {
    return {};
}
std::string misfit(const AllowRule::User& rule, const Identity& identity) {
    return holds({identity.subject}, rule.value, is_same) ? "" : "the subject is " + quoted(identity.subject);
}
std::string misfit(const AllowRule::Email& rule, const Identity& identity) {
    if (std::string fault = address_fault(identity); !fault.empty())
        return fault;
    return holds({identity.email}, rule.value, platform::equal_ignoring_case)
               ? ""
               : "the address is " + quoted(identity.email);
}
std::string misfit(const AllowRule::EmailDomain& rule, const Identity& identity) {
    if (std::string fault = address_fault(identity); !fault.empty())
        return fault;
    return holds({domain_of(identity.email)}, rule.value, platform::equal_ignoring_case)
               ? ""
               : "the domain is " + quoted(domain_of(identity.email));
}
std::string misfit(const AllowRule::HostedDomain& rule, const Identity& identity) {
    if (identity.hosted_domain.empty())
        return "the account is of no hosted domain";
    return holds({identity.hosted_domain}, rule.value, platform::equal_ignoring_case)
               ? ""
               : "the hosted domain is " + quoted(identity.hosted_domain);
}
std::string misfit(const AllowRule::Group& rule, const Identity& identity) {
    return holds(identity.groups, rule.value, is_same) ? "" : listing("groups", identity.groups);
}
std::string misfit(const AllowRule::Organization& rule, const Identity& identity) {
    return holds(identity.organizations, rule.value, platform::equal_ignoring_case)
               ? ""
               : listing("organizations", identity.organizations);
}
std::string misfit(const AllowRule::Team& rule, const Identity& identity) {
    return holds(identity.teams, rule.value, platform::equal_ignoring_case) ? "" : listing("teams", identity.teams);
}
std::string misfit(const AllowRule::Claim& rule, const Identity& identity) {
    std::vector<std::string> values;
    for (const auto& [name, value] : identity.claims)
        if (name == rule.name && !name.empty())
            values.push_back(value);
    if (values.empty())
        return "there is no claim " + quoted(rule.name) + " of text";
    return std::find(values.begin(), values.end(), rule.value) != values.end() ? "" : listing("values", values);
}

std::string value_of(const AllowRule::Anyone&) {
    return "true";
}
std::string value_of(const AllowRule::Claim& rule) {
    return quoted(rule.name) + ", value = " + quoted(rule.value);
}
template <typename Rule> std::string value_of(const Rule& rule) {
    return quoted(rule.value);
}

} // namespace

std::string to_text(const AllowRule& rule) {
    return std::visit([](const auto& who) { return std::string(who.k_key) + " = " + value_of(who); }, rule.who);
}

std::vector<Verdict> AllowRules::verdicts(const std::string& provider, const Identity& identity) const {
    std::vector<Verdict> all;
    for (const AllowRule& rule : m_rules)
        if (rule.provider == provider)
            all.push_back({&rule, std::visit([&](const auto& who) { return misfit(who, identity); }, rule.who)});
    return all;
}

bool AllowRules::allows(const std::string& provider, const Identity& identity) const {
    const auto all = verdicts(provider, identity);
    return std::any_of(all.begin(), all.end(), [](const Verdict& verdict) { return verdict.misfit.empty(); });
}

} // namespace keyfob::server::signin
