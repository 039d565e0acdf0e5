#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace keyfob::tests {

/// Makes certificates for one test as a small authority of its own.
class CertificateAuthority {
public:
    struct Wanted {
        std::string common_name = "localhost";
        std::string alternative_names =
            "DNS:localhost,IP:127.0.0.1"; ///< as openssl.cnf writes them; empty: no such extension
        long begins_in = -3600;           ///< seconds from now
        long ends_in = 3600;
        bool self_signed = false;
    };

    CertificateAuthority() : m_key(make_key()) {
        const Wanted wanted{.common_name = "test authority", .alternative_names = ""};
        m_certificate = make(wanted, *m_key, nullptr, true);
    }

    /// Writes a certificate and its key as PEM.
    void issue(const Wanted& wanted, const std::string& certificate_file, const std::string& key_file) const {
        const Key key = make_key();
        write(certificate_file, *make(wanted, *key, wanted.self_signed ? nullptr : m_certificate.get(), false));
        const File file = open(key_file);
        require(PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr));
    }
    void write_certificate(const std::string& file) const { write(file, *m_certificate); }

private:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
    using File = std::unique_ptr<FILE, decltype(&std::fclose)>;

    static void require(int done) {
        if (done <= 0)
            throw std::runtime_error("OpenSSL cannot make a certificate");
    }
    static Key make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }
    static File open(const std::string& name) { return {std::fopen(name.c_str(), "w"), std::fclose}; }
    static void write(const std::string& name, X509& certificate) {
        const File file = open(name);
        require(PEM_write_X509(file.get(), &certificate));
    }
    static void add(X509& certificate, X509& issuer, int kind, const std::string& value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
        require(extension != nullptr);
        require(X509_add_ext(&certificate, extension, -1));
        X509_EXTENSION_free(extension);
    }

    /// Without an issuer it signs itself.
    Certificate make(const Wanted& wanted, EVP_PKEY& key, X509* issuer, bool authority) const {
        Certificate certificate(X509_new(), X509_free);
        static long serial = 1;
        X509_set_version(certificate.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), wanted.begins_in);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wanted.ends_in);
        X509_set_pubkey(certificate.get(), &key);
        require(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                           reinterpret_cast<const unsigned char*>(wanted.common_name.c_str()), -1, -1,
                                           0));
        X509& signer = issuer == nullptr ? *certificate : *issuer;
        X509_set_issuer_name(certificate.get(), X509_get_subject_name(&signer));
        add(*certificate, signer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
        add(*certificate, signer, NID_subject_key_identifier, "hash");
        if (!wanted.alternative_names.empty())
            add(*certificate, signer, NID_subject_alt_name, wanted.alternative_names);
        require(X509_sign(certificate.get(), issuer == nullptr ? &key : m_key.get(), EVP_sha256()));
        return certificate;
    }

    Key m_key;
    Certificate m_certificate{nullptr, X509_free};
};

} // namespace keyfob::tests
