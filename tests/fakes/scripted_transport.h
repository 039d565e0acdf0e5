#pragma once

#include "server/api/client.h"

#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace keyfob::fakes {

/// Answers requests in the order of its script; what is beyond it cannot be reached. Thread-safe.
class ScriptedTransport final : public server::api::Transport {
public:
    using Answer =
        std::function<platform::Result<platform::http::ClientResponse>(const platform::http::ClientRequest&)>;

    void then(Answer answer) {
        const std::lock_guard lock(m_mutex);
        m_script.push_back(std::move(answer));
    }
    [[nodiscard]] std::vector<platform::http::ClientRequest> requests() const {
        const std::lock_guard lock(m_mutex);
        return m_requests;
    }
    [[nodiscard]] platform::Result<platform::http::ClientResponse>
    send(const platform::http::ClientRequest& request) const override {
        Answer answer;
        {
            const std::lock_guard lock(m_mutex);
            m_requests.push_back(request);
            if (m_script.empty())
                return platform::Error{platform::ErrorKind::unreachable, "nobody there"};
            answer = std::move(m_script.front());
            m_script.pop_front();
        }
        return answer(request);
    }

private:
    mutable std::mutex m_mutex;
    mutable std::deque<Answer> m_script;
    mutable std::vector<platform::http::ClientRequest> m_requests;
};

[[nodiscard]] inline platform::http::ClientResponse response(int status, std::string body,
                                                             platform::http::Headers headers = {}) {
    platform::http::ClientResponse made;
    made.status = status;
    made.body = std::move(body);
    made.headers = std::move(headers);
    return made;
}

} // namespace keyfob::fakes
