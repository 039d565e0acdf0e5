#include "server/http/handlers.h"
#include "server/http/reply.h"

#include <algorithm>

namespace keyfob::server::http::handlers {

Response livez(const Call&) {
    return reply::text(200, "ok\n");
}

/// OP-07: a write that reached the disk, and at least one provider that could sign somebody in.
Response readyz(const Call& call) {
    const auto& all = call.services.providers.all();
    const bool database = call.services.store.probe(platform::to_unix(call.services.clock.now())).has_value();
    const bool provider = std::any_of(all.begin(), all.end(), [](const auto& one) { return one->ready(); });
    Poco::JSON::Object providers(Poco::JSON_PRESERVE_KEY_ORDER);
    for (const auto& one : all)
        providers.set(one->id(), one->ready() ? "ready" : "not reached yet");
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("database", database ? "ready" : "not writable");
    object.set("providers", providers);
    return reply::json(database && provider ? 200 : 503, object);
}

} // namespace keyfob::server::http::handlers
