// SPDX-License-Identifier: Apache-2.0
#include "support/api_server/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace namegate::test {
namespace {

template <auto Free>
struct FreeWith {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using X509Owner = std::unique_ptr<X509, FreeWith<X509_free>>;
using Memory = std::unique_ptr<BIO, FreeWith<BIO_free>>;

constexpr long kLifetimeSeconds = 3600;
constexpr long kVersion3 = 2;

void require(bool holds, const char* what) {
    if (!holds) {
        throw std::runtime_error(std::string("certificates: ") + what);
    }
}

std::string text_of(BIO* memory) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    const Memory memory(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_X509(memory.get(), certificate) == 1, "PEM");
    return text_of(memory.get());
}

std::string pem_of(EVP_PKEY* key) {
    const Memory memory(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "PEM of a key");
    return text_of(memory.get());
}

void extend(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
    require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "an extension");
}

X509Owner make(const std::string& name, EVP_PKEY* key, long serial) {
    X509Owner out(X509_new());
    X509_set_version(out.get(), kVersion3);
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(out.get()), -kLifetimeSeconds);
    X509_gmtime_adj(X509_getm_notAfter(out.get()), kLifetimeSeconds);
    X509_set_pubkey(out.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out.get()), "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()),
                               -1, -1, 0);
    return out;
}

}  // namespace

struct Authority::Own {
    Key key;
    X509Owner certificate;
    mutable long serial = 1;
};

Authority::Authority(const std::string& name) : own_(std::make_unique<Own>()) {
    own_->key.reset(EVP_EC_gen("P-256"));
    require(own_->key != nullptr, "a key");
    own_->certificate = make(name, own_->key.get(), own_->serial);
    X509* const self = own_->certificate.get();
    X509_set_issuer_name(self, X509_get_subject_name(self));
    extend(self, self, NID_basic_constraints, "critical,CA:TRUE");
    extend(self, self, NID_key_usage, "critical,keyCertSign");
    require(X509_sign(self, own_->key.get(), EVP_sha256()) != 0, "a signature");
}

Authority::~Authority() = default;

std::string Authority::pem() const { return pem_of(own_->certificate.get()); }

Certificate Authority::issue(const std::string& name, const std::string& address) const {
    const Key key(EVP_EC_gen("P-256"));
    require(key != nullptr, "a key");
    const X509Owner out = make(name, key.get(), ++own_->serial);
    X509* const issuer = own_->certificate.get();
    X509_set_issuer_name(out.get(), X509_get_subject_name(issuer));
    extend(out.get(), issuer, NID_ext_key_usage, address.empty() ? "clientAuth" : "serverAuth");
    if (!address.empty()) {
        extend(out.get(), issuer, NID_subject_alt_name, "IP:" + address);
    }
    require(X509_sign(out.get(), own_->key.get(), EVP_sha256()) != 0, "a signature");
    return {pem_of(out.get()), pem_of(key.get())};
}

}  // namespace namegate::test
