#pragma once

#include "server/api/client.h"

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace keyfob::fakes {

/// Answers requests in the order of its script, then by path; what is in neither cannot be reached. Thread-safe.
class ScriptedTransport final : public server::api::Transport {
public:
    using Answer =
        std::function<platform::Result<platform::http::ClientResponse>(const platform::http::ClientRequest&)>;

    void then(Answer answer) {
        const std::lock_guard lock(m_mutex);
        m_script.push_back(std::move(answer));
    }
    /// From now on, whenever the script says nothing else.
    void always(const std::string& path, Answer answer) {
        const std::lock_guard lock(m_mutex);
        m_by_path[path] = std::move(answer);
    }
    void always(const std::string& path, platform::http::ClientResponse answer) {
        always(path, [answer = std::move(answer)](const platform::http::ClientRequest&) { return answer; });
    }
    [[nodiscard]] std::vector<platform::http::ClientRequest> requests() const {
        const std::lock_guard lock(m_mutex);
        return m_requests;
    }
    /// Those for one path.
    [[nodiscard]] std::vector<platform::http::ClientRequest> requests(const std::string& path) const {
        auto found = requests();
        std::erase_if(found, [&](const auto& request) { return request.url.path != path; });
        return found;
    }
    [[nodiscard]] platform::Result<platform::http::ClientResponse>
    send(const platform::http::ClientRequest& request) const override {
        Answer answer;
        {
            const std::lock_guard lock(m_mutex);
            m_requests.push_back(request);
            if (!m_script.empty()) {
                answer = std::move(m_script.front());
                m_script.pop_front();
            } else if (const auto found = m_by_path.find(request.url.path); found != m_by_path.end()) {
                answer = found->second;
            } else {
                return nobody();
            }
        }
        return answer(request);
    }

    static platform::Error nobody() { return {platform::ErrorKind::unreachable, "nobody there"}; }

private:
    mutable std::mutex m_mutex;
    mutable std::deque<Answer> m_script;
    std::map<std::string, Answer> m_by_path;
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
