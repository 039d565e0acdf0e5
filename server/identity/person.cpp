#include "server/identity/person.h"

#include "platform/json.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace keyfob::server::identity {
namespace {

namespace json = platform::json;

constexpr std::size_t k_longest_person_name = 200;
constexpr std::size_t k_longest_email = 254;
constexpr std::array<std::string_view, 11> k_no_rule_claims{"iss",    "sub", "aud", "azp",   "nonce",         "at_hash",
                                                            "c_hash", "jti", "sid", "email", "email_verified"};

void add_claim(signin::Identity& identity, const std::string& name, std::string value) {
    const std::pair claim{name, std::move(value)};
    if (std::find(identity.claims.begin(), identity.claims.end(), claim) == identity.claims.end())
        identity.claims.push_back(claim);
}

void add_claims(signin::Identity& identity, const Poco::JSON::Object& claims) {
    for (const auto& [name, ignored] : claims) {
        if (!is_rule_claim(name))
            continue;
        if (auto one = json::get_string(claims, name))
            add_claim(identity, name, std::move(*one));
        else if (auto several = json::get_strings(claims, name))
            for (std::string& value : *several)
                add_claim(identity, name, std::move(value));
    }
}

} // namespace

std::string bounded_name(std::string name) {
    if (name.size() <= k_longest_person_name)
        return name;
    std::size_t end = k_longest_person_name;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80) // not within a character of UTF-8
        --end;
    name.resize(end);
    return name;
}

std::string bounded_email(std::string email) {
    const bool is_plausible = email.size() <= k_longest_email && std::none_of(email.begin(), email.end(), [](char c) {
                                  return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
                              });
    return is_plausible ? std::move(email) : std::string();
}

bool is_rule_claim(std::string_view name) {
    return std::find(k_no_rule_claims.begin(), k_no_rule_claims.end(), name) == k_no_rule_claims.end();
}

void add_person(signin::Identity& identity, const Poco::JSON::Object& claims) {
    if (identity.name.empty())
        identity.name = bounded_name(json::get_string(claims, "name").value_or(""));
    if (identity.name.empty())
        identity.name = bounded_name(json::get_string(claims, "preferred_username").value_or(""));
    if (identity.email.empty()) {
        identity.email = bounded_email(json::get_string(claims, "email").value_or(""));
        identity.email_verified = !identity.email.empty() && json::get_bool(claims, "email_verified").value_or(false);
    }
    add_claims(identity, claims);
}

void add_groups(signin::Identity& identity, const Poco::JSON::Object& claims, const std::string& name) {
    if (auto one = json::get_string(claims, name))
        identity.groups.push_back(std::move(*one));
    else if (auto several = json::get_strings(claims, name))
        identity.groups.insert(identity.groups.end(), several->begin(), several->end());
}

} // namespace keyfob::server::identity
