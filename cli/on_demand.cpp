// The functions of OpenSSL and libqrencode that this program uses, by their own names: each call goes to the library, which the first one loads. Loaded before
// main, as every linked library is, the two take longer than all else that `do` over http does (ARCHITECTURE.md, "How a command starts"). Nothing else
// in the sources knows of it. One that is missing here is an error of the linker's.

#include <cstdarg>
#include <ctime>
#include <stdexcept>
#include <string>

#include <dlfcn.h>
#include <sys/types.h>

// These names stay inside of the program: what the libraries call themselves must not come here.
#pragma GCC visibility push(hidden)
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <qrencode.h>
#pragma GCC visibility pop

namespace {

static_assert(OPENSSL_VERSION_MAJOR == 3);
constexpr const char* k_ssl = "libssl.so.3"; // brings libcrypto with it
constexpr const char* k_qrencode = "libqrencode.so.4";

/// Throws: without the library nothing is to go on. It stays loaded to the end.
void* find(const char* library, const char* function) {
    ::dlerror();
    void* const handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void* const found = handle != nullptr ? ::dlsym(handle, function) : nullptr;
    if (found == nullptr)
        throw std::runtime_error(std::string("cannot load ") + function + ": " + ::dlerror());
    return found;
}

template <auto* function> auto* real(const char* library, const char* name) {
    static auto* const k_found = reinterpret_cast<decltype(function)>(find(library, name));
    return k_found;
}

} // namespace

#define KEYFOB_SSL(function) (real<&function>(k_ssl, #function))
#define KEYFOB_QRENCODE(function) (real<&function>(k_qrencode, #function))

extern "C" {

// Contexts
SSL_CTX* SSL_CTX_new(const SSL_METHOD* method) {
    return KEYFOB_SSL(SSL_CTX_new)(method);
}
void SSL_CTX_free(SSL_CTX* context) {
    KEYFOB_SSL(SSL_CTX_free)(context);
}
const SSL_METHOD* TLS_client_method() {
    return KEYFOB_SSL(TLS_client_method)();
}
const SSL_METHOD* TLS_server_method() {
    return KEYFOB_SSL(TLS_server_method)();
}
long SSL_CTX_ctrl(SSL_CTX* context, int command, long number, void* pointer) {
    return KEYFOB_SSL(SSL_CTX_ctrl)(context, command, number, pointer);
}
std::uint64_t SSL_CTX_set_options(SSL_CTX* context, std::uint64_t options) {
    return KEYFOB_SSL(SSL_CTX_set_options)(context, options);
}
int SSL_CTX_set_cipher_list(SSL_CTX* context, const char* ciphers) {
    return KEYFOB_SSL(SSL_CTX_set_cipher_list)(context, ciphers);
}
void SSL_CTX_set_verify(SSL_CTX* context, int mode, SSL_verify_cb callback) {
    KEYFOB_SSL(SSL_CTX_set_verify)(context, mode, callback);
}
int SSL_CTX_load_verify_file(SSL_CTX* context, const char* file) {
    return KEYFOB_SSL(SSL_CTX_load_verify_file)(context, file);
}
int SSL_CTX_load_verify_dir(SSL_CTX* context, const char* directory) {
    return KEYFOB_SSL(SSL_CTX_load_verify_dir)(context, directory);
}
int SSL_CTX_use_certificate_chain_file(SSL_CTX* context, const char* file) {
    return KEYFOB_SSL(SSL_CTX_use_certificate_chain_file)(context, file);
}
int SSL_CTX_use_PrivateKey_file(SSL_CTX* context, const char* file, int type) {
    return KEYFOB_SSL(SSL_CTX_use_PrivateKey_file)(context, file, type);
}
int SSL_CTX_check_private_key(const SSL_CTX* context) {
    return KEYFOB_SSL(SSL_CTX_check_private_key)(context);
}

// Connections
SSL* SSL_new(SSL_CTX* context) {
    return KEYFOB_SSL(SSL_new)(context);
}
void SSL_free(SSL* connection) {
    KEYFOB_SSL(SSL_free)(connection);
}
int SSL_set_fd(SSL* connection, int descriptor) {
    return KEYFOB_SSL(SSL_set_fd)(connection, descriptor);
}
long SSL_ctrl(SSL* connection, int command, long number, void* pointer) {
    return KEYFOB_SSL(SSL_ctrl)(connection, command, number, pointer);
}
void SSL_set_connect_state(SSL* connection) {
    KEYFOB_SSL(SSL_set_connect_state)(connection);
}
void SSL_set_accept_state(SSL* connection) {
    KEYFOB_SSL(SSL_set_accept_state)(connection);
}
int SSL_read_ex(SSL* connection, void* buffer, std::size_t size, std::size_t* moved) {
    return KEYFOB_SSL(SSL_read_ex)(connection, buffer, size, moved);
}
int SSL_write_ex(SSL* connection, const void* octets, std::size_t size, std::size_t* moved) {
    return KEYFOB_SSL(SSL_write_ex)(connection, octets, size, moved);
}
int SSL_shutdown(SSL* connection) {
    return KEYFOB_SSL(SSL_shutdown)(connection);
}
int SSL_has_pending(const SSL* connection) {
    return KEYFOB_SSL(SSL_has_pending)(connection);
}
int SSL_is_init_finished(const SSL* connection) {
    return KEYFOB_SSL(SSL_is_init_finished)(connection);
}
int SSL_is_server(const SSL* connection) {
    return KEYFOB_SSL(SSL_is_server)(connection);
}
int SSL_get_error(const SSL* connection, int outcome) {
    return KEYFOB_SSL(SSL_get_error)(connection, outcome);
}

// Verification
X509_VERIFY_PARAM* SSL_get0_param(SSL* connection) {
    return KEYFOB_SSL(SSL_get0_param)(connection);
}
int X509_VERIFY_PARAM_set1_host(X509_VERIFY_PARAM* parameters, const char* name, std::size_t length) {
    return KEYFOB_SSL(X509_VERIFY_PARAM_set1_host)(parameters, name, length);
}
int X509_VERIFY_PARAM_set1_ip_asc(X509_VERIFY_PARAM* parameters, const char* address) {
    return KEYFOB_SSL(X509_VERIFY_PARAM_set1_ip_asc)(parameters, address);
}
void X509_VERIFY_PARAM_set_hostflags(X509_VERIFY_PARAM* parameters, unsigned flags) {
    KEYFOB_SSL(X509_VERIFY_PARAM_set_hostflags)(parameters, flags);
}
long SSL_get_verify_result(const SSL* connection) {
    return KEYFOB_SSL(SSL_get_verify_result)(connection);
}
const char* X509_verify_cert_error_string(long code) {
    return KEYFOB_SSL(X509_verify_cert_error_string)(code);
}

// Errors
unsigned long ERR_get_error() {
    return KEYFOB_SSL(ERR_get_error)();
}
void ERR_clear_error() {
    KEYFOB_SSL(ERR_clear_error)();
}
const char* ERR_reason_error_string(unsigned long code) {
    return KEYFOB_SSL(ERR_reason_error_string)(code);
}

QRcode* QRcode_encodeString8bit(const char* text, int version, QRecLevel level) {
    return KEYFOB_QRENCODE(QRcode_encodeString8bit)(text, version, level);
}
void QRcode_free(QRcode* code) {
    KEYFOB_QRENCODE(QRcode_free)(code);
}

} // extern "C"
