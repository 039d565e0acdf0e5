#include "cli/account_text.h"

#include "agent/api/error_code.h"
#include "cli/values.h"

#include <array>
#include <ctime>

namespace keyfob::cli {
namespace {

constexpr const char* k_unknown = "unknown";

using platform::json::Value;

std::string text_of(const Value& object, const char* name) {
    return platform::json::get_string(object, name).value_or("");
}

std::string describe_user(const Value& user) {
    const std::string name = text_of(user, "name");
    const std::string email = text_of(user, "email");
    if (name.empty() || email.empty() || name == email)
        return name.empty() ? (email.empty() ? text_of(user, "subject") : email) : name;
    return name + " <" + email + ">";
}

/// In the unit in which people think of such a time.
std::string describe_roughly(std::int64_t seconds) {
    for (const std::int64_t unit : {86400, 3600, 60})
        if (seconds >= unit)
            return describe(std::chrono::seconds(seconds / unit * unit));
    return describe(std::chrono::seconds(seconds));
}

} // namespace

AccountText read_account(const Value& account) {
    AccountText text{text_of(account, "name"), text_of(account, "server"), "", "", text_of(account, "state"), 0};
    if (const Value* user = platform::json::get_object(account, "user"); user != nullptr) {
        text.user = describe_user(*user);
        text.provider = text_of(*user, "provider");
    }
    text.session_expires_at = platform::json::get_integer(account, "session_expires_at").value_or(0);
    return text;
}

std::string describe_time(std::int64_t unix_seconds) {
    const std::time_t time = unix_seconds;
    std::tm local{};
    std::array<char, 64> text{};
    if (::localtime_r(&time, &local) == nullptr ||
        std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &local) == 0)
        return k_unknown;
    return text.data();
}

std::string describe_expiry(std::int64_t expires_at, std::int64_t now) {
    const std::int64_t left = expires_at - now;
    std::string when = describe_time(expires_at);
    if (when == k_unknown)
        return when;
    return when + (left > 0 ? ", in " + describe_roughly(left) : ", which is over");
}

platform::Error agent_nonsense(const char* what) {
    return {platform::ErrorKind::unreachable, std::string("the agent's answer makes no sense: ") + what,
            "are keyfob-agent and " KEYFOB_CLI_NAME " of the same version?", agent::api::k_agent_unreachable};
}

} // namespace keyfob::cli
