#pragma once

#include "platform/json_value.h"
#include "platform/result.h"
#include "platform/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace keyfob::agent::api {

/// How long to wait for an answer. The agent bounds every wait of its own; this is for an agent that is stopped itself.
struct Patience {
    std::chrono::milliseconds longest{60'000}; ///< more than the agent's longest way: keychain, discovery, renewal
    int interrupt = -1;                        ///< a descriptor that ends the waiting when it becomes readable
    int event = -1;                            ///< another, for something else
};

/// A connection of a command to the agent. Blocking, never without a bound. One thread.
class Client {
public:
    using Value = platform::json::Value;

    /// `hello` goes out together with the first request. Errors, all with code agent_unreachable: not_found (no socket), unreachable (nobody
    /// listens), timed_out (it is stopped), denied (the socket is not to be opened, or somebody else's), failed.
    [[nodiscard]] static platform::Result<Client> connect(const std::string& socket_path, std::string client_name);

    /// `parameters` is an object. The id of the request, for receive(). Errors: unreachable, invalid (too long).
    [[nodiscard]] platform::Result<std::int64_t> send(const std::string& method, const Value& parameters);
    /// The result of request `id`. Errors: what the agent says, with its `code` and `hint`, but agent_unreachable when it does not speak our
    /// protocol; unreachable (it has gone, or talks nonsense); timed_out (it does not answer in time), and cancelled, with code k_interrupted or
    /// k_event, when the one or the other descriptor is readable: then the answer can be awaited again.
    [[nodiscard]] platform::Result<Value> receive(std::int64_t id, const Patience& patience = {});
    [[nodiscard]] platform::Result<Value> call(const std::string& method, const Value& parameters);

    // Codes of the error of an interrupted receive(); never sent.
    static constexpr const char* k_interrupted = "interrupted";
    static constexpr const char* k_event = "event";

private:
    Client(platform::UniqueFd socket, std::string name) : m_socket(std::move(socket)), m_name(std::move(name)) {}
    [[nodiscard]] platform::Result<void> write(std::string_view octets);
    using Deadline = std::chrono::steady_clock::time_point;
    [[nodiscard]] platform::Result<void> wait(Deadline deadline, const Patience& patience) const;
    [[nodiscard]] platform::Result<Value> read_answer(Deadline deadline, const Patience& patience);
    [[nodiscard]] platform::Result<void> keep(Value answer);

    platform::UniqueFd m_socket;
    std::string m_name;
    std::string m_buffer;
    std::int64_t m_last_id = 0;              ///< 0: hello has not been sent
    std::map<std::int64_t, Value> m_answers; ///< that arrived before they were asked for; of our own ids only
};

} // namespace keyfob::agent::api
