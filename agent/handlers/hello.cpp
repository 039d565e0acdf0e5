#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "agent/handlers/methods.h"
#include "agent/handlers/parameters.h"

#include <unistd.h>

namespace keyfob::agent::handlers {

using platform::json::Value;

void hello(const Services&, const ipc::Call& call) {
    const auto protocol = integer_parameter(*call.parameters, "protocol", api::k_protocol_version);
    const auto client = string_parameter(*call.parameters, "client");
    if (!protocol || !client)
        return call.answer(protocol ? client.error() : protocol.error());
    if (*protocol != api::k_protocol_version)
        return call.answer(platform::Error{platform::ErrorKind::invalid, "the agent speaks another protocol version",
                                           "restart the agent, so that both are of one version", api::k_usage});
    call.answer(platform::json::make_object("agent", "keyfob-agent", "version", KEYFOB_VERSION, "protocol",
                                            api::k_protocol_version, "pid", ::getpid(), "capabilities",
                                            Value::array({"login", "hand-out", "status", "logout"})));
}

} // namespace keyfob::agent::handlers
