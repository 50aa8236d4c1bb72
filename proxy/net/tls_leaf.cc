#include "proxy/net/tls_leaf.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "config/ip.h"

namespace sluice {

namespace {

constexpr int kSerialBits = 128;
constexpr size_t kLongestCommonName = 64;  // ub-common-name, RFC 5280 A.1

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
struct FreeName {
  void operator()(GENERAL_NAME* name) const { GENERAL_NAME_free(name); }
};

// One that is not 0: random enough that two are never the same, and nobody foresees it.
bool set_serial(X509* certificate) {
  BIGNUM* number = BN_new();
  const bool made = number != nullptr &&
                    BN_rand(number, kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
                    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return made;
}

// By its parts: a host never becomes part of a text that OpenSSL reads.
bool add_name(X509* certificate, const std::string& host, bool critical) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(sk_GENERAL_NAME_new_null());
  std::unique_ptr<GENERAL_NAME, FreeName> name(GENERAL_NAME_new());
  if (names == nullptr || name == nullptr) return false;
  if (parse_ip(host)) {
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
    if (address == nullptr) return false;
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, address);
  } else {
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    if (text == nullptr) return false;
    GENERAL_NAME_set0_value(name.get(), GEN_DNS, text);
    if (ASN1_STRING_set(text, host.data(), static_cast<int>(host.size())) != 1) return false;
  }
  if (sk_GENERAL_NAME_push(names.get(), name.get()) <= 0) return false;
  (void)name.release();  // the list's
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), critical ? 1 : 0,
                           X509V3_ADD_DEFAULT) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool add_extensions(X509* certificate, const LeafRequest& request, bool has_subject) {
  return add_name(certificate, request.host, !has_subject) &&  // critical without a subject, RFC 5280 4.2.1.6
         add_extension(certificate, request.issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, request.issuer, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, request.issuer, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate, request.issuer, NID_subject_key_identifier, "hash") &&
         add_extension(certificate, request.issuer, NID_authority_key_identifier, "keyid,issuer");
}

bool set_subject(X509* certificate, const std::string& host) {
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(host.data()),
                                    static_cast<int>(host.size()), -1, 0) == 1;
}

// Ed25519 and Ed448 bring their own digest.
const EVP_MD* digest_for(const EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  return kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? nullptr : EVP_sha256();
}

}  // namespace

Result<X509Ptr> make_leaf(const LeafRequest& request) {
  ERR_clear_error();
  X509Ptr made(X509_new());
  const bool has_subject = request.host.size() <= kLongestCommonName;
  X509* certificate = made.get();
  const bool whole =
      certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1 &&
      set_serial(certificate) && ASN1_TIME_set(X509_getm_notBefore(certificate), request.begins) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate), request.ends) != nullptr &&
      X509_set_issuer_name(certificate, X509_get_subject_name(request.issuer)) == 1 &&
      (!has_subject || set_subject(certificate, request.host)) &&
      X509_set_pubkey(certificate, request.key) == 1 && add_extensions(certificate, request, has_subject) &&
      X509_sign(certificate, request.issuer_key, digest_for(request.issuer_key)) > 0;
  if (!whole) return openssl_error("cannot issue a certificate for " + request.host);
  return made;
}

std::string why_refused(X509* leaf, std::span<const X509Ptr> authorities, const std::string& host,
                        int64_t now) {
  constexpr int kLevel = 2;  // 112 bits, as Debian's OpenSSL asks of clients: RSA from 2048 bits on, no SHA-1
  X509_STORE* trusted = X509_STORE_new();
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  STACK_OF(X509)* between = sk_X509_new_null();
  std::string why = "out of memory";
  if (trusted != nullptr && context != nullptr && between != nullptr) {
    X509_STORE_add_cert(trusted, authorities.back().get());
    for (const X509Ptr& authority : authorities) sk_X509_push(between, authority.get());
    X509_STORE_CTX_init(context, trusted, leaf, between);
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);  // the last may be no root
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_auth_level(rules, kLevel);
    X509_VERIFY_PARAM_set_time(rules, now);
    if (parse_ip(host)) {
      X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str());
    } else {
      X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size());
    }
    const bool accepted = X509_verify_cert(context) == 1;
    why = accepted ? "" : X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  }
  sk_X509_free(between);
  X509_STORE_CTX_free(context);
  X509_STORE_free(trusted);
  ERR_clear_error();
  return why;
}

}  // namespace sluice
