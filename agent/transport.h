#pragma once

#include "platform/http/client.h"
#include "server/api/client.h"

#include <mutex>

namespace keyfob::agent {

/// HTTPS to servers, plain http to this machine alone. The certificates of the system are read when the first https server is asked.
/// Thread-safe.
class HttpTransport final : public server::api::Transport {
public:
    [[nodiscard]] platform::Result<platform::http::ClientResponse>
    send(const platform::http::ClientRequest& request) const override;

private:
    [[nodiscard]] platform::Result<platform::http::TlsContextPtr> tls() const;
    mutable std::mutex m_mutex;
    mutable platform::http::TlsContextPtr m_tls;
};

} // namespace keyfob::agent
