#include "agent/transport.h"

namespace keyfob::agent {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::http::ClientOptions;
using platform::http::ClientRequest;
using platform::http::ClientResponse;

Result<platform::http::TlsContextPtr> HttpTransport::tls() const {
    const std::lock_guard lock(m_mutex);
    if (!m_tls) {
        KEYFOB_TRY_ASSIGN(m_tls, platform::http::TlsContext::for_client());
    }
    return m_tls;
}

Result<ClientResponse> HttpTransport::send(const ClientRequest& request) const {
    ClientOptions options;
    if (request.url.origin.scheme == "https") {
        KEYFOB_TRY_ASSIGN(options.tls, tls());
    } else if (!request.url.origin.is_loopback()) {
        return Error{ErrorKind::denied, "plain http is for servers on this machine only"};
    }
    return platform::http::Client(std::move(options)).fetch(request);
}

} // namespace keyfob::agent
