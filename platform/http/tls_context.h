#pragma once

#include "platform/result.h"

#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace keyfob::platform::http {

/// TLS 1.2 and up by OpenSSL, without Poco's NetSSL: that one skips the host check for names that resolve to loopback, takes common names for
/// host names, and waits on its own (poco-pitfalls 26 to 30). Immutable; shared by any number of threads.
class TlsContext {
public:
    /// Peer and host name are verified against the system's authorities, or those that SSL_CERT_FILE and SSL_CERT_DIR name, and those in `ca_file` in
    /// addition if not empty (RP-18). Errors: invalid (ca_file).
    [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> for_client(const std::string& ca_file = {});
    /// By certificate chain and key files (PEM). Errors: invalid (which file).
    [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> for_server(const std::string& certificate_file,
                                                                              const std::string& key_file);

    /// A TLS connection over a connected socket, whose handshake happens with its first read or write. `host` is what the certificate must
    /// name, for clients; ignored for servers. The descriptor stays the caller's. Never null: throws std::bad_alloc.
    [[nodiscard]] std::shared_ptr<ssl_st> connect(int descriptor, const std::string& host) const;

private:
    explicit TlsContext(std::shared_ptr<ssl_ctx_st> context, bool server)
        : m_context(std::move(context)), m_server(server) {}
    std::shared_ptr<ssl_ctx_st> m_context;
    bool m_server;
};

using TlsContextPtr = std::shared_ptr<const TlsContext>;

} // namespace keyfob::platform::http
