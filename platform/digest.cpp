#include "platform/digest.h"

#include "platform/encoding.h"
#include "platform/openssl_handle.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <memory>
#include <stdexcept>

namespace keyfob::platform {
std::string sha256(std::string_view octets) {
    // The algorithm is fetched once, and each thread keeps its context: either takes longer than to hash a cookie. OpenSSL frees the algorithm at
    // the end of the process, and wipes the octets in the context at the end of each hash.
    static EVP_MD* const k_algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    thread_local const std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>> k_context(EVP_MD_CTX_new());
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    if (!k_context || EVP_DigestInit_ex2(k_context.get(), k_algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(k_context.get(), octets.data(), octets.size()) != 1 ||
        EVP_DigestFinal_ex(k_context.get(), octets_of(digest), nullptr) != 1)
        throw std::runtime_error("SHA-256 is not there"); // a wrong digest would be worse than no answer
    return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view octets) {
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets_of(octets), octets.size(), octets_of(digest),
         nullptr);
    return digest;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string secret_hash(std::string_view secret) {
    return base64url_encode(sha256(secret));
}

} // namespace keyfob::platform
