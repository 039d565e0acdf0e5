#pragma once

#include "server/signin/identity_provider.h"

#include <Poco/JSON/Object.h>

#include <string>
#include <string_view>

namespace keyfob::server::identity {

/// A name as we keep it: at most 200 octets, cut between characters. Controls stay in it: who shows it escapes it.
[[nodiscard]] std::string bounded_name(std::string name);
/// An e-mail address as we keep it: empty when it is longer than any can be (RFC 5321), or has a blank or control character in it.
[[nodiscard]] std::string bounded_email(std::string email);

/// Whether `claim` rules may speak of a claim: not of what is about the token, and not of what has a rule of its own.
[[nodiscard]] bool is_rule_claim(std::string_view name);

/// What of `identity` is empty yet is taken from the claims of an id_token or of userinfo (OpenID Connect Core 5.1). The e-mail and whether it
/// is verified come from the same place. The other claims are added for the rules, without those that are about the token or have a
/// rule of their own: a `claim` rule on `email` would let an unverified address in (RP-13).
void add_person(signin::Identity& identity, const Poco::JSON::Object& claims);

/// The groups that stand in the claim `name`: a list of texts, or one. What is none of these names no group.
void add_groups(signin::Identity& identity, const Poco::JSON::Object& claims, const std::string& name);

} // namespace keyfob::server::identity
