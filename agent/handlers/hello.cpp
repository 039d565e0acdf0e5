#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "agent/handlers/methods.h"
#include "agent/handlers/parameters.h"

#include <Poco/JSON/Array.h>

#include <unistd.h>

namespace keyfob::agent::handlers {

void hello(const Services&, const ipc::Call& call) {
    const auto protocol = integer_parameter(*call.parameters, "protocol", api::k_protocol_version);
    const auto client = string_parameter(*call.parameters, "client");
    if (!protocol || !client)
        return call.answer(protocol ? client.error() : protocol.error());
    if (*protocol != api::k_protocol_version)
        return call.answer(platform::Error{platform::ErrorKind::invalid, "the agent speaks another protocol version",
                                           "restart the agent, so that both are of one version", api::k_usage});
    Poco::JSON::Array capabilities;
    for (const char* capability : {"login", "hand-out", "status", "logout"})
        capabilities.add(std::string(capability));
    Poco::JSON::Object::Ptr object(new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER));
    object->set("agent", "keyfob-agent");
    object->set("version", KEYFOB_VERSION);
    object->set("protocol", api::k_protocol_version);
    object->set("pid", static_cast<int>(::getpid()));
    object->set("capabilities", capabilities);
    call.answer(object);
}

} // namespace keyfob::agent::handlers
