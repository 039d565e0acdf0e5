#include "agent/api/error_code.h"
#include "agent/handlers/account_object.h"
#include "agent/handlers/methods.h"
#include "agent/handlers/parameters.h"
#include "agent/vault/account_choice.h"
#include "platform/secret_string.h"
#include "platform/url.h"

#include <optional>

namespace keyfob::agent::handlers {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::json::make_object;
using platform::json::Value;

struct Target {
    std::optional<platform::Origin> origin; ///< absent: the account's own
    std::string path;                       ///< with the query
};
struct HandOutRequest {
    Target target;
    std::string account; ///< empty: the only one that fits
};

/// An absolute URL, or a path that begins with `/` and means the account's server.
Result<Target> read_target(const std::string& text) {
    const Error invalid{ErrorKind::invalid, "this is neither a URL nor a path", "write /path or https://server/path",
                        api::k_usage};
    if (text.starts_with('/')) {
        // Parsed behind some origin, so that what is refused in URLs is refused here.
        const auto url = platform::Url::parse("http://127.0.0.1" + text);
        return url ? Result<Target>(Target{std::nullopt, url->target()}) : Result<Target>(invalid);
    }
    const auto url = platform::Url::parse(text);
    if (!url)
        return invalid;
    if (url->origin.scheme != "https" && !url->origin.is_loopback())
        return Error{ErrorKind::invalid, "a session is never sent over plain http", "use https", api::k_usage};
    return Target{url->origin, url->target()};
}

Result<HandOutRequest> read_hand_out(const Value& parameters) {
    KEYFOB_TRY_ASSIGN(const std::string url, string_parameter(parameters, "url"));
    KEYFOB_TRY_ASSIGN(const std::string account, string_parameter(parameters, "account"));
    KEYFOB_TRY(string_parameter(parameters, "method"));
    KEYFOB_TRY_ASSIGN(Target target, read_target(url));
    return HandOutRequest{std::move(target), account};
}

Value lent_object(const vault::Account& account, const Target& target, std::int64_t now) {
    const std::string_view cookie = account.cookie.reveal();
    std::string value;
    value.reserve(account.cookie_name.size() + 1 + cookie.size()); // at once: growing would leave copies
    value.append(account.cookie_name).append("=").append(cookie);
    Value header = Value::array();
    header.push_back("Cookie");
    header.push_back(std::move(value));
    Value headers = Value::array();
    headers.push_back(std::move(header));
    return make_object("url", account.server.text() + target.path, "headers", std::move(headers), "expires_in",
                       account.cookie_expires_at - now, "account", account_object(account));
}

/// AG-07: what was copied on the way to the answer is wiped; what the growing text of JSON left behind is freed, and cannot be found any more.
void lend_to(const ipc::Call& call, Value object) {
    ipc::Answer answer(std::move(object));
    call.answer(answer);
    platform::wipe((*answer)["headers"][0][1].get_ref<std::string&>());
}

void lend(const Services& services, const ipc::Call& call, const Target& target, const vault::AccountPtr& account) {
    services.renewer.lend(account, [&services, call, target, account](const Result<void>& lent) {
        if (lent)
            return lend_to(call, lent_object(*account, target, platform::to_unix(services.clock.now())));
        Error error = lent.error();
        if (error.code == api::k_sign_in_needed)
            error.hint = KEYFOB_CLI_NAME " login " + account->server.text();
        call.answer(error);
    });
}

} // namespace

void hand_out(const Services& services, const ipc::Call& call) {
    const auto request = read_hand_out(*call.parameters);
    if (!request)
        return call.answer(request.error());
    services.accounts.when_loaded([&services, call, request = *request](const Result<void>& loaded) {
        if (!loaded)
            return call.answer(loaded.error());
        const auto chosen = vault::choose_account(services.accounts.all(), request.account, request.target.origin);
        if (!chosen)
            return call.answer(chosen.error());
        lend(services, call, request.target, *chosen);
    });
}

} // namespace keyfob::agent::handlers
