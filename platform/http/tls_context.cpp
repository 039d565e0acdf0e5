#include "platform/http/client.h"
#include "platform/paths.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace keyfob::platform::http {
namespace {

using Poco::Net::Context;

constexpr const char* k_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"; // for TLS 1.2; 1.3 has none that is weak
constexpr const char* k_system_directory = "/etc/ssl/certs";     // hashed: only the certificate that is needed is read

void require_tls_1_2(Context& context) {
    SSL_CTX_set_min_proto_version(context.sslContext(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.sslContext(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
}

/// Poco takes the common name for a host name where the certificate has no other; browsers do so no more (RFC 9525 section 2), so the name
/// is checked here, against that of the SNI extension.
int check_peer(int valid, X509_STORE_CTX* store) {
    if (valid != 1 || X509_STORE_CTX_get_error_depth(store) != 0)
        return valid;
    const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    const char* host = ssl == nullptr ? nullptr : SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    X509* certificate = X509_STORE_CTX_get_current_cert(store);
    if (host != nullptr && (X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1 ||
                            X509_check_ip_asc(certificate, host, 0) == 1))
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
    return 0;
}

/// The system's authorities, or those that OpenSSL's own variables name instead, as for every program that uses it.
void load_authorities(SSL_CTX* context) {
    const std::string file = process_environment("SSL_CERT_FILE");
    const std::string directory = process_environment("SSL_CERT_DIR");
    if (!file.empty())
        SSL_CTX_load_verify_locations(context, file.c_str(), nullptr);
    if (file.empty() || !directory.empty())
        SSL_CTX_load_verify_locations(context, nullptr, directory.empty() ? k_system_directory : directory.c_str());
}

} // namespace

Result<Context::Ptr> client_tls_context(const std::string& ca_file) {
    try {
        // VERIFY_STRICT: anything less lets a name that resolves to a loopback address skip the host check (poco-pitfalls 27).
        Context::Ptr context(new Context(Context::TLS_CLIENT_USE, "", "", "", Context::VERIFY_STRICT, 9,
                                         /*loadDefaultCAs=*/false, k_ciphers));
        require_tls_1_2(*context);
        context->enableExtendedCertificateVerification(true);
        SSL_CTX_set_verify(context->sslContext(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, check_peer);
        load_authorities(context->sslContext());
        if (!ca_file.empty() && SSL_CTX_load_verify_locations(context->sslContext(), ca_file.c_str(), nullptr) != 1)
            return Error{ErrorKind::invalid, "cannot read the certificates in " + ca_file,
                         "the file must hold PEM certificates"};
        return context;
    } catch (const Poco::Exception& exception) {
        return Error{ErrorKind::failed, "cannot set up TLS: " + exception.displayText()};
    }
}

Result<Context::Ptr> server_tls_context(const std::string& certificate_file, const std::string& key_file) {
    try {
        Context::Params parameters;
        parameters.certificateFile = certificate_file;
        parameters.privateKeyFile = key_file;
        parameters.verificationMode = Context::VERIFY_NONE; // of clients: none shows a certificate
        parameters.cipherList = k_ciphers;
        Context::Ptr context(new Context(Context::TLS_SERVER_USE, parameters));
        require_tls_1_2(*context);
        if (SSL_CTX_check_private_key(context->sslContext()) != 1)
            return Error{ErrorKind::invalid,
                         "the key in " + key_file + " is not that of the certificate in " + certificate_file};
        return context;
    } catch (const Poco::Exception& exception) {
        return Error{ErrorKind::invalid,
                     "cannot use the certificate " + certificate_file + " with the key " + key_file + ": " +
                         exception.message(),
                     "both must be PEM files that this user can read"};
    }
}

} // namespace keyfob::platform::http
