#include "server/config_checks.h"

#include "platform/http/network.h"
#include "platform/system_error.h"
#include "server/identity/person.h"
#include "server/identity/presets.h"

#include <algorithm>
#include <charconv>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyfob::server {
namespace {

using identity::Preset;
using platform::Error;
using platform::ErrorKind;
using platform::Result;
using signin::AllowRule;
using Impossible = std::optional<std::pair<const char*, std::string>>;

constexpr const char* k_google = "google";
constexpr const char* k_github = "github";
constexpr const char* k_only_github_claim = "login";

std::optional<std::uint16_t> parse_port(std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0 || digits[0] == '0')
        return std::nullopt;
    return port;
}

/// Brackets are for IPv6 alone, and IPv6 must have them: `::1:8420` is an address without a port to some.
std::optional<std::string> parse_host(std::string text) {
    const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
    if (bracketed)
        text = text.substr(1, text.size() - 2);
    const auto address = platform::http::parse_address(text);
    if (!address || bracketed != (address->family() == Poco::Net::IPAddress::IPv6))
        return std::nullopt;
    return text;
}

/// A host name of letters, digits, `-` and dots between them, as it stands behind the `@`.
bool is_domain(std::string_view text) {
    return !text.empty() && text.front() != '.' && text.back() != '.' &&
           text.find_first_of("@ \t*/:") == std::string_view::npos;
}

/// A rule of a kind that this provider cannot fulfil.
Impossible never(const char* key, const std::string& kind, const std::string& expected) {
    return std::pair{key, "fits nobody: kind \"" + kind + "\" " + expected};
}

/// Entra's addresses are what an administrator of any tenant has typed in (nOAuth).
Impossible unverified(const char* key, const std::string& kind) {
    const Preset* preset = identity::find_preset(kind);
    if (preset == nullptr || preset->verifies_email)
        return std::nullopt;
    return never(key, kind, "verifies no e-mail addresses; expected group, or user with the person's object id");
}

Impossible find_in(const AllowRule::Anyone&, const std::string&) {
    return std::nullopt;
}
Impossible find_in(const AllowRule::User&, const std::string&) {
    return std::nullopt;
}
Impossible find_in(const AllowRule::Email& who, const std::string& kind) {
    const std::size_t at = who.value.find('@');
    if (at != 0 && at != std::string::npos && is_domain(who.value.substr(at + 1)))
        return unverified(who.k_key, kind);
    return std::pair{who.k_key, "= \"" + who.value + "\" is no address; expected \"ann@example.com\""};
}
Impossible find_in(const AllowRule::EmailDomain& who, const std::string& kind) {
    if (is_domain(who.value))
        return unverified(who.k_key, kind);
    return std::pair{who.k_key,
                     "= \"" + who.value + "\" is no domain; expected \"example.com\", what stands behind the @"};
}
Impossible find_in(const AllowRule::HostedDomain& who, const std::string& kind) {
    if (!kind.empty() && kind != k_google)
        return never(who.k_key, kind, "has none, Google has; expected email_domain, or claim with value");
    if (is_domain(who.value))
        return std::nullopt;
    return std::pair{who.k_key, "= \"" + who.value + "\" is no domain; expected \"example.com\""};
}
Impossible find_in(const AllowRule::Group& who, const std::string& kind) {
    const Preset* preset = identity::find_preset(kind);
    if (preset == nullptr || preset->has_groups)
        return std::nullopt;
    return never(who.k_key, kind,
                 kind == k_github ? "has none; expected organization or team" : "has none; expected hosted_domain");
}
Impossible find_in(const AllowRule::Organization& who, const std::string& kind) {
    if (!kind.empty() && kind != k_github)
        return never(who.k_key, kind, "has none, GitHub has; expected group");
    if (who.value.find('/') == std::string::npos)
        return std::nullopt;
    return std::pair{who.k_key, "= \"" + who.value + "\" is no organization; expected its name, or the rule team"};
}
Impossible find_in(const AllowRule::Team& who, const std::string& kind) {
    if (!kind.empty() && kind != k_github)
        return never(who.k_key, kind, "has none, GitHub has; expected group");
    const std::size_t slash = who.value.find('/');
    if (slash != 0 && slash != std::string::npos && who.value.find('/', slash + 1) == std::string::npos &&
        slash + 1 < who.value.size())
        return std::nullopt;
    return std::pair{who.k_key, "= \"" + who.value + "\" is no team; expected \"organization/team\""};
}
Impossible find_in(const AllowRule::Claim& who, const std::string& kind) {
    if (!identity::is_rule_claim(who.name))
        return std::pair{who.k_key, "= \"" + who.name +
                                        "\" is none that rules are made of; expected another, or the rule user, email "
                                        "or email_domain"};
    if (kind == k_google && who.name == "hd") // RP-14: userinfo may have one as well
        return std::pair{who.k_key, "= \"hd\" is a rule of its own; expected hosted_domain"};
    if (kind == k_github && who.name != k_only_github_claim)
        return std::pair{who.k_key, "= \"" + who.name + "\" is none of GitHub's; expected \"login\""};
    return std::nullopt;
}

} // namespace

bool parse_listen(const std::string& text, Config& config) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos)
        return false;
    const auto host = parse_host(text.substr(0, colon));
    const auto port = parse_port(std::string_view(text).substr(colon + 1));
    if (!host || !port)
        return false;
    config.listen_address = *host;
    config.listen_port = *port;
    return true;
}

Result<void> check_database_place(const std::string& file) {
    struct stat status {};
    if (::lstat(file.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
        return Error{ErrorKind::invalid, file + " is no regular file; expected the file itself, no link or directory"};
    const std::string directory = file.substr(0, file.rfind('/') + 1);
    if (::stat(directory.c_str(), &status) != 0)
        return platform::system_error("use the directory " + directory, ErrorKind::not_found);
    if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
        return platform::system_error("write into the directory " + directory, ErrorKind::denied);
    return {};
}

Impossible find_impossible(const AllowRule& rule, const std::string& kind) {
    return std::visit([&](const auto& who) { return find_in(who, kind); }, rule.who);
}

} // namespace keyfob::server
