#include "proxy/crypto_sealing.h"

#include <gtest/gtest.h>

#include "proxy/crypto.h"

namespace sluice {
namespace {

TEST(CryptoSealing, DerivesWhatTheRfcDerives) {  // RFC 7914 section 12
  EXPECT_EQ(hex(scrypt(Secret("password"), "NaCl", {10, 8, 16}, 64).reveal()),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
  EXPECT_EQ(hex(scrypt(Secret("pleaseletmein"), "SodiumChloride", {14, 8, 1}, 64).reveal()),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST(CryptoSealing, SealsWhatTheSpecificationSeals) {  // the GCM specification's test cases 13 and 14
  const std::string key(32, '\0');
  const std::string nonce(12, '\0');
  EXPECT_EQ(hex(gcm_seal(key, nonce, "", "")), "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(hex(gcm_seal(key, nonce, "", std::string(16, '\0'))),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(CryptoSealing, OpensWhatWasSealedAndNothingElse) {
  const std::string key(32, 'k');
  const std::string nonce(12, 'n');
  for (const std::string plain : {"", "a", "a key of some length, over more than one block"}) {
    const std::string sealed = gcm_seal(key, nonce, "place", plain);
    const auto opened = gcm_open(key, nonce, "place", sealed);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->reveal(), plain);
    EXPECT_FALSE(gcm_open(std::string(32, 'l'), nonce, "place", sealed));
    EXPECT_FALSE(gcm_open(key, std::string(12, 'm'), "place", sealed));
    EXPECT_FALSE(gcm_open(key, "short", "place", sealed));
    EXPECT_FALSE(gcm_open(key, nonce, "plase", sealed));
    for (size_t i = 0; i < sealed.size(); ++i) {
      std::string flipped = sealed;
      flipped[i] = static_cast<char>(flipped[i] ^ 1);
      EXPECT_FALSE(gcm_open(key, nonce, "place", flipped)) << i;
      EXPECT_FALSE(gcm_open(key, nonce, "place", sealed.substr(0, i))) << i;
    }
  }
}

}  // namespace
}  // namespace sluice
