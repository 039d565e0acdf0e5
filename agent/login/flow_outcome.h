#pragma once

#include "platform/jose/ec_key.h"
#include "platform/result.h"
#include "server/api/client.h"

#include <functional>
#include <string>

namespace keyfob::agent::login {

/// Where a flow hands its end to. Called on threads of the flow; both may wait for the main loop.
struct FlowEvents {
    /// Keeps the session. The person is told "signed in" only after this has said so.
    std::function<platform::Result<void>(server::api::SessionGrant grant, const platform::jose::EcKey& key)> store;
    std::function<void(const platform::Error& error)> fail;
};

/// Whether the same may go well later.
[[nodiscard]] bool may_pass(const platform::Error& error);
/// What the server's error says to the person in the terminal (RP-21). Both texts are printable.
[[nodiscard]] platform::Error terminal_error(const std::string& code, const std::string& text);
/// Stores, or revokes what nobody could use, and tells `fail`. Whether it was stored.
[[nodiscard]] bool keep_session(const FlowEvents& events, server::api::Client& client, const platform::jose::EcKey& key,
                                server::api::SessionGrant grant);

} // namespace keyfob::agent::login
