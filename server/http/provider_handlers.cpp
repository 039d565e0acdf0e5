#include "platform/log.h"
#include "server/api/routes.h"
#include "server/http/handlers.h"
#include "server/http/reply.h"

#include <string_view>

namespace keyfob::server::http::handlers {

Response backchannel_logout(const Call& call) {
    const std::string provider = call.request.path.substr(std::string_view(api::k_backchannel_logout_path).size() + 1);
    const auto ended = call.services.upstream_logout.receive(provider, call.form.get("logout_token"));
    if (!ended) {
        platform::log::warning("logout_token_refused", {{"provider", provider}, {"reason", ended.error().message}});
        const bool is_unknown = ended.error().kind == platform::ErrorKind::not_found;
        return is_unknown ? reply::error(call, 404, "not_found", "there is nothing here")
                          : reply::failure(call, 400, ended.error());
    }
    platform::log::info("provider_logout", {{"provider", provider}, {"sessions", std::to_string(*ended)}});
    return reply::text(200, "");
}

} // namespace keyfob::server::http::handlers
