#pragma once

#include "platform/json.h"
#include "platform/unix_socket.h"
#include "tests/support/stream_server.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace keyfob::tests {

/// Stands where the agent would: answers each request with what the test says, and remembers what it was asked.
class FakeAgent {
public:
    struct Request {
        std::int64_t id = 0;
        std::string method;
        Poco::JSON::Object::Ptr params;
    };
    /// Returns the raw octets to send; it is not called for `hello`.
    using OnRequest = std::function<std::string(const Request& request)>;

    FakeAgent(const std::string& path, OnRequest on_request)
        : m_on_request(std::move(on_request)),
          m_server(listen(path), [this](std::string& input, bool&) { return take(input); }) {}

    static std::string result(const Request& request, const std::string& json) {
        return R"({"jsonrpc":"2.0","id":)" + std::to_string(request.id) + R"(,"result":)" + json + "}\n";
    }
    static std::string error(const Request& request, const std::string& word, const std::string& message,
                             const std::string& hint = {}) {
        return R"({"jsonrpc":"2.0","id":)" + std::to_string(request.id) + R"(,"error":{"code":-32000,"message":")" +
               message + R"(","data":{"code":")" + word + R"(","hint":")" + hint + "\"}}}\n";
    }

    [[nodiscard]] std::vector<Request> requests() const {
        const std::lock_guard lock(m_mutex);
        return m_requests;
    }
    [[nodiscard]] std::vector<std::string> methods() const {
        std::vector<std::string> names;
        for (const Request& request : requests())
            names.push_back(request.method);
        return names;
    }

private:
    static platform::UniqueFd listen(const std::string& path) {
        auto listener = platform::listen_unix(path);
        if (!listener)
            throw std::runtime_error(listener.error().message);
        return std::move(listener).value();
    }

    std::string take(std::string& input) {
        std::string answers;
        for (std::size_t end = 0; (end = input.find('\n')) != std::string::npos; input.erase(0, end + 1)) {
            const auto object = platform::json::parse_object(input.substr(0, end));
            if (!object)
                continue;
            const Request request{platform::json::get_integer(**object, "id").value_or(-1),
                                  platform::json::get_string(**object, "method").value_or(""),
                                  platform::json::get_object(**object, "params")};
            {
                const std::lock_guard lock(m_mutex);
                m_requests.push_back(request);
            }
            answers += request.method == "hello" ? result(request, R"({"protocol":1})") : m_on_request(request);
        }
        return answers;
    }

    OnRequest m_on_request;
    mutable std::mutex m_mutex;
    std::vector<Request> m_requests;
    StreamServer m_server; ///< last: its thread uses the others
};

} // namespace keyfob::tests
