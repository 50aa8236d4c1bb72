#include "proxy/crypto_jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <string>

#include "proxy/crypto_octets.h"

namespace sluice {
namespace {

constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 8192;  // a signature costs the caller's time by the cube of it
constexpr int kMostExponentBits = 64;
constexpr size_t kMostRsaOctets = kMostRsaBits / 8 + 1;
constexpr size_t kP256Octets = 32;

template <auto free>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

Number number_of(std::string_view big_endian) {
  Number number(BN_bin2bn(octets(big_endian), static_cast<int>(big_endian.size()), nullptr));
  require(number != nullptr, "memory for a number");
  return number;
}

// Null: what the parameters say is no key.
std::shared_ptr<void> make_key(const char* kind, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  require(params != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1,
          "preparing a public key");
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) return nullptr;
  return {key, [](void* made) { EVP_PKEY_free(static_cast<EVP_PKEY*>(made)); }};
}

// r and s as ASN.1, which OpenSSL wants. "": it has another length.
std::string to_der(std::string_view signature) {
  if (signature.size() != 2 * kP256Octets) return {};
  const EcSignature pair(ECDSA_SIG_new());
  Number r = number_of(signature.substr(0, kP256Octets));
  Number s = number_of(signature.substr(kP256Octets));
  require(pair != nullptr && ECDSA_SIG_set0(pair.get(), r.release(), s.release()) == 1, "a signature");
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  require(size > 0, "a signature");
  std::string der(static_cast<size_t>(size), '\0');
  unsigned char* end = octets(der);
  require(i2d_ECDSA_SIG(pair.get(), &end) == size, "a signature");
  return der;
}

}  // namespace

std::optional<JwkKey> JwkKey::rsa(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > kMostRsaOctets || exponent.size() > kMostRsaOctets) return std::nullopt;
  const Number n = number_of(modulus);
  const Number e = number_of(exponent);
  const int bits = BN_num_bits(n.get());
  if (bits < kLeastRsaBits || bits > kMostRsaBits || BN_is_odd(n.get()) == 0) return std::nullopt;
  if (BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) == 1 || BN_num_bits(e.get()) > kMostExponentBits)
    return std::nullopt;
  const Builder builder(OSSL_PARAM_BLD_new());
  require(builder != nullptr && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
              OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1,
          "preparing an RSA key");
  auto key = make_key("RSA", builder.get());
  if (key == nullptr) return std::nullopt;
  return JwkKey(std::move(key), JwtAlgorithm::kRs256);
}

std::optional<JwkKey> JwkKey::p256(std::string_view x, std::string_view y) {
  if (x.size() != kP256Octets || y.size() != kP256Octets) return std::nullopt;
  const std::string point = std::string("\x04").append(x).append(y);  // SEC 1 2.3.3, not compressed
  const Builder builder(OSSL_PARAM_BLD_new());
  require(builder != nullptr &&
              OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
              OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                               point.size()) == 1,
          "preparing an EC key");
  auto key = make_key("EC", builder.get());  // refuses what is not on the curve
  if (key == nullptr) return std::nullopt;
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, static_cast<EVP_PKEY*>(key.get()), nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) != 1) return std::nullopt;
  return JwkKey(std::move(key), JwtAlgorithm::kEs256);
}

bool JwkKey::verify(std::string_view message, std::string_view signature) const {
  std::string der;
  if (algorithm_ == JwtAlgorithm::kEs256) {
    der = to_der(signature);
    if (der.empty()) return false;
    signature = der;
  }
  const DigestContext context(EVP_MD_CTX_new());  // RSA: PKCS #1 v1.5, the default
  return context != nullptr &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr,
                                 static_cast<EVP_PKEY*>(key_.get()), nullptr) == 1 &&
         EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(message),
                          message.size()) == 1;
}

}  // namespace sluice
