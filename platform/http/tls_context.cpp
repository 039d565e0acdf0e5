#include "platform/http/tls_context.h"

#include "platform/paths.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <new>
#include <stdexcept>

#include <arpa/inet.h>

namespace keyfob::platform::http {
namespace {

constexpr const char* k_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"; // for TLS 1.2; 1.3 has none that is weak
constexpr const char* k_system_directory = "/etc/ssl/certs";     // hashed: only the certificate that is needed is read

std::shared_ptr<SSL_CTX> new_context(const SSL_METHOD* method) {
    std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context.get(), k_ciphers);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context.get(), 1); // one call of the system for a record, not two
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

/// The system's authorities, or those that OpenSSL's own variables name instead, as for every program that uses it.
void load_authorities(SSL_CTX* context) {
    const std::string file = process_environment("SSL_CERT_FILE");
    const std::string directory = process_environment("SSL_CERT_DIR");
    if (!file.empty())
        SSL_CTX_load_verify_file(context, file.c_str());
    if (file.empty() || !directory.empty())
        SSL_CTX_load_verify_dir(context, directory.empty() ? k_system_directory : directory.c_str());
    ERR_clear_error(); // a place without certificates trusts nobody, which the handshake will say
}

bool is_address(const std::string& host) {
    unsigned char octets[sizeof(in6_addr)];
    return ::inet_pton(AF_INET, host.c_str(), octets) == 1 || ::inet_pton(AF_INET6, host.c_str(), octets) == 1;
}

/// What the certificate must name. Common names are no host names any more (RFC 9525 section 2). Throws where OpenSSL would go on without a
/// check: for an empty name it takes any certificate.
void expect_host(SSL* connection, const std::string& host) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(connection);
    X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool address = is_address(host);
    const bool checked =
        !host.empty() && (address ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str())
                                  : X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size())) == 1;
    if (!checked)
        throw std::runtime_error("the host that a certificate must name cannot be set");
    if (!address) // SSL_set_tlsext_host_name without its C cast
        SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
}

std::string reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? text : "unknown reason";
}

} // namespace

Result<TlsContextPtr> TlsContext::for_client(const std::string& ca_file) {
    auto context = new_context(TLS_client_method());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    load_authorities(context.get());
    if (!ca_file.empty() && SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1)
        return Error{ErrorKind::invalid, "cannot read the certificates in " + ca_file + ": " + reason(),
                     "the file must hold PEM certificates"};
    return TlsContextPtr(new TlsContext(std::move(context), false));
}

Result<TlsContextPtr> TlsContext::for_server(const std::string& certificate_file, const std::string& key_file) {
    auto context = new_context(TLS_server_method());
    const auto refused = [](const std::string& what) {
        return Error{ErrorKind::invalid, what + ": " + reason(), "both must be PEM files that this user can read"};
    };
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1)
        return refused("cannot use the certificate " + certificate_file);
    if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        return refused("cannot use the key " + key_file + " with the certificate " + certificate_file);
    if (SSL_CTX_check_private_key(context.get()) != 1)
        return refused("the key in " + key_file + " is not that of the certificate in " + certificate_file);
    return TlsContextPtr(new TlsContext(std::move(context), true));
}

std::shared_ptr<ssl_st> TlsContext::connect(int descriptor, const std::string& host) const {
    std::shared_ptr<SSL> connection(SSL_new(m_context.get()), SSL_free);
    if (!connection || SSL_set_fd(connection.get(), descriptor) != 1)
        throw std::bad_alloc(); // never a connection without TLS instead
    if (m_server) {
        SSL_set_accept_state(connection.get());
    } else {
        expect_host(connection.get(), host);
        SSL_set_connect_state(connection.get());
    }
    return connection;
}

} // namespace keyfob::platform::http
