#include "agent/api/error_code.h"
#include "agent/handlers/account_object.h"
#include "agent/handlers/methods.h"
#include "agent/handlers/parameters.h"
#include "platform/url.h"

namespace keyfob::agent::handlers {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::json::make_object;
using platform::json::Value;

constexpr std::int64_t k_longest_timeout = 600; ///< seconds; a pairing lives no longer

Error usage(const std::string& what, const std::string& hint = "") {
    return {ErrorKind::invalid, what, hint, api::k_usage};
}

Result<login::LoginRequest> read_login(const Value& parameters) {
    login::LoginRequest request;
    KEYFOB_TRY_ASSIGN(const std::string server, string_parameter(parameters, "server"));
    KEYFOB_TRY_ASSIGN(const std::int64_t port, integer_parameter(parameters, "port", 0));
    KEYFOB_TRY_ASSIGN(const std::int64_t timeout, integer_parameter(parameters, "timeout", k_longest_timeout));
    KEYFOB_TRY_ASSIGN(request.device_name, string_parameter(parameters, "device_name"));
    const auto url = platform::Url::parse(server);
    if (!url || url->has_query || (url->path != "/" && !url->path.empty()))
        return usage("this is not the address of a server", "write https://id.example.com");
    if (url->origin.scheme != "https" && !url->origin.is_loopback())
        return usage("plain http is for servers on this machine only", "use https");
    KEYFOB_TRY_ASSIGN(request.by_device_grant, boolean_parameter(parameters, "device", false));
    request.server = url->origin;
    if (port < 0 || port > 65535)
        return usage("a port lies between 1 and 65535");
    if (port != 0 && request.by_device_grant)
        return usage("a sign-in by a code has no port");
    if (timeout < 1 || timeout > k_longest_timeout)
        return usage("the timeout must lie between 1 second and 10 minutes");
    request.port = static_cast<std::uint16_t>(port);
    request.timeout = std::chrono::seconds(timeout);
    return request;
}

Value started_object(const login::StartedLogin& started) {
    Value object = make_object("login_id", started.id);
    if (started.user_code.empty()) {
        object["start_url"] = started.start_url;
    } else {
        object["verification_uri"] = started.verification_uri;
        object["user_code"] = started.user_code;
    }
    object["expires_in"] = started.expires_in.count();
    object["joined"] = started.joined;
    return object;
}

} // namespace

void login_start(const Services& services, const ipc::Call& call) {
    const auto request = read_login(*call.parameters);
    if (!request)
        return call.answer(request.error());
    services.accounts.when_loaded([&services, call, request = *request](const Result<void>& loaded) {
        if (!loaded)
            return call.answer(loaded.error());
        if (!call.connection->is_open())
            return;
        services.logins.start(request, call.connection, [call](const Result<login::StartedLogin>& started) {
            if (!started)
                return call.answer(started.error());
            call.answer(started_object(*started));
        });
    });
}

void login_wait(const Services& services, const ipc::Call& call) {
    services.logins.wait(login_id(*call.parameters), [call](const Result<vault::AccountPtr>& finished) {
        if (!finished)
            return call.answer(finished.error());
        call.answer(make_object("account", account_object(**finished)));
    });
}

void login_reached(const Services& services, const ipc::Call& call) {
    services.logins.await_browser(login_id(*call.parameters),
                                  [call](bool reached) { call.answer(make_object("reached", reached)); });
}

void login_cancel(const Services& services, const ipc::Call& call) {
    const auto cancelled = services.logins.cancel(login_id(*call.parameters));
    if (!cancelled)
        return call.answer(cancelled.error());
    call.answer(Value::object());
}

} // namespace keyfob::agent::handlers
