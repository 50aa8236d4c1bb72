// Signatures of JWS, against the examples of RFC 7515 and keys of the test's own.
#include "proxy/crypto_jwk.h"

#include <gtest/gtest.h>

#include "tests/fixtures/jwt_signer.h"

namespace sluice {
namespace {

std::string octets(std::string_view base64url) { return base64url_decode(base64url).value(); }

// RFC 7515 A.2 and A.3: one payload under two headers.
constexpr const char* kPayload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr const char* kModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-"
    "yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
    "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
    "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
constexpr const char* kRsaSignature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9u"
    "JdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
    "eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt"
    "5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr const char* kX = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr const char* kY = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr const char* kEcSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

TEST(JwkKey, VerifiesTheExamplesOfRfc7515) {
  const auto rsa = JwkKey::rsa(octets(kModulus), octets("AQAB"));
  ASSERT_TRUE(rsa);
  EXPECT_EQ(rsa->algorithm(), JwtAlgorithm::kRs256);
  const std::string rsa_text = std::string("eyJhbGciOiJSUzI1NiJ9.") + kPayload;
  EXPECT_TRUE(rsa->verify(rsa_text, octets(kRsaSignature)));
  const auto ec = JwkKey::p256(octets(kX), octets(kY));
  ASSERT_TRUE(ec);
  EXPECT_EQ(ec->algorithm(), JwtAlgorithm::kEs256);
  const std::string ec_text = std::string("eyJhbGciOiJFUzI1NiJ9.") + kPayload;
  EXPECT_TRUE(ec->verify(ec_text, octets(kEcSignature)));
  EXPECT_FALSE(rsa->verify(ec_text, octets(kRsaSignature)));
  EXPECT_FALSE(ec->verify(rsa_text, octets(kEcSignature)));
}

TEST(JwkKey, RefusesASignatureWithAnyBitTurned) {
  const auto ec = JwkKey::p256(octets(kX), octets(kY));
  ASSERT_TRUE(ec);
  const std::string text = std::string("eyJhbGciOiJFUzI1NiJ9.") + kPayload;
  const std::string good = octets(kEcSignature);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(ec->verify(text, bad)) << bit;
  }
}

TEST(JwkKey, RefusesASignatureOfAnotherLength) {
  const auto ec = JwkKey::p256(octets(kX), octets(kY));
  const auto rsa = JwkKey::rsa(octets(kModulus), octets("AQAB"));
  ASSERT_TRUE(ec && rsa);
  const std::string ec_good = octets(kEcSignature);
  const std::string rsa_good = octets(kRsaSignature);
  const std::string ec_text = std::string("eyJhbGciOiJFUzI1NiJ9.") + kPayload;
  const std::string rsa_text = std::string("eyJhbGciOiJSUzI1NiJ9.") + kPayload;
  EXPECT_FALSE(ec->verify(ec_text, ""));
  EXPECT_FALSE(ec->verify(ec_text, ec_good.substr(1)));
  EXPECT_FALSE(ec->verify(ec_text, std::string(1, '\0') + ec_good));
  EXPECT_FALSE(ec->verify(ec_text, std::string(64, '\0')));
  EXPECT_FALSE(ec->verify(ec_text, ec_good.substr(0, 32) + std::string(1, '\0') + ec_good.substr(32)));
  EXPECT_FALSE(rsa->verify(rsa_text, ""));
  EXPECT_FALSE(rsa->verify(rsa_text, std::string(1, '\0') + rsa_good));
  EXPECT_FALSE(rsa->verify(rsa_text, std::string(256, '\0')));
}

TEST(JwkKey, TakesModuliFrom2048To8192Bits) {
  const std::string three = octets("AQAB");
  const auto of_bits = [](size_t bits) {
    std::string number(bits / 8, '\xff');
    return number;
  };
  EXPECT_FALSE(JwkKey::rsa(of_bits(2040), three));
  EXPECT_FALSE(JwkKey::rsa("\x7f" + of_bits(2040), three));  // 2047 bits
  EXPECT_FALSE(JwkKey::rsa(std::string(8, '\0') + of_bits(1024), three));
  EXPECT_TRUE(JwkKey::rsa(of_bits(2048), three));
  EXPECT_TRUE(JwkKey::rsa(std::string(1, '\0') + of_bits(2048), three));
  EXPECT_TRUE(JwkKey::rsa(of_bits(8192), three));
  EXPECT_FALSE(JwkKey::rsa("\x01" + of_bits(8192), three));
  EXPECT_FALSE(JwkKey::rsa(of_bits(65536), three));
  EXPECT_FALSE(JwkKey::rsa("", three));
}

TEST(JwkKey, RefusesAnExponentThatSignsNothing) {
  const std::string modulus = octets(kModulus);
  for (const std::string& exponent :
       {std::string(), std::string("\x00", 1), std::string("\x01"), std::string("\x02"),
        std::string("\x01\x00\x00", 3), std::string(9, '\xff')})
    EXPECT_FALSE(JwkKey::rsa(modulus, exponent)) << hex(exponent);
  EXPECT_TRUE(JwkKey::rsa(modulus, "\x03"));
}

TEST(JwkKey, RefusesWhatIsNoPointOfP256) {
  const std::string x = octets(kX);
  const std::string y = octets(kY);
  EXPECT_FALSE(JwkKey::p256(y, x));
  EXPECT_FALSE(JwkKey::p256(std::string(32, '\0'), std::string(32, '\0')));
  EXPECT_FALSE(JwkKey::p256(std::string(32, '\xff'), std::string(32, '\xff')));
  EXPECT_FALSE(JwkKey::p256(x.substr(1), y));
  EXPECT_FALSE(JwkKey::p256(std::string(1, '\0') + x, y));
  EXPECT_FALSE(JwkKey::p256("", ""));
}

}  // namespace
}  // namespace sluice
