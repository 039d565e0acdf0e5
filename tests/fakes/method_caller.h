#pragma once

#include "agent/handlers/methods.h"
#include "platform/json_value.h"
#include "tests/fakes/agent_parts.h"

#include <memory>
#include <optional>
#include <string>

namespace keyfob::fakes {

/// The agent's parts and a command that calls its methods.
struct MethodCaller : AgentParts {
    using Answer = std::shared_ptr<std::optional<agent::ipc::Answer>>;

    /// `parameters` is the text of an object. The answer is there when it is there, as its command reads it.
    Answer send(const std::string& method, const std::string& parameters = "{}") {
        return send_from(*command, method, parameters);
    }
    Answer send_from(const Command& from, const std::string& method, const std::string& parameters) {
        auto answer = std::make_shared<std::optional<agent::ipc::Answer>>();
        agent::handlers::dispatch(
            services, {method, parameters_of(parameters), from.connection, [answer](const agent::ipc::Answer& result) {
                           answer->emplace(result ? read(*result) : result);
                       }});
        return answer;
    }
    agent::ipc::Answer call(const std::string& method, const std::string& parameters = "{}") {
        const Answer answer = send(method, parameters);
        tests::run_until([&] { return answer->has_value(); });
        return **answer;
    }
    /// The word of the error, or nothing.
    std::string code(const std::string& method, const std::string& parameters = "{}") {
        const auto answer = call(method, parameters);
        return answer ? "" : answer.error().code;
    }

    std::optional<Command> command{std::in_place};

private:
    static std::shared_ptr<const platform::json::Value> parameters_of(const std::string& text) {
        return std::make_shared<const platform::json::Value>(platform::json::parse_value(text).value());
    }
    static agent::ipc::Answer read(const platform::json::Value& result) {
        return platform::json::parse_value(platform::json::to_text(result)).value();
    }
};

} // namespace keyfob::fakes
