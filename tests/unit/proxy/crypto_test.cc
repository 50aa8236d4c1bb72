#include "proxy/crypto.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice {
namespace {

TEST(Crypto, HashesTheVectorsOfFips180) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Crypto, HashesAStreamLikeTheWhole) {
  Sha256Stream stream;
  stream.update("a");
  stream.update("");
  stream.update("bc");
  EXPECT_EQ(stream.finish(), sha256("abc"));
  stream.update("again");
  EXPECT_EQ(stream.finish(), sha256("again"));
}

TEST(Crypto, AuthenticatesTheVectorsOfRfc4231) {
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex(hmac_sha256("", "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Crypto, EncodesTheBase64VectorsOfRfc4648AndDecodesThem) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [data, text] : vectors) {
    EXPECT_EQ(base64_encode(data), text);
    EXPECT_EQ(base64_decode(text), data);
  }
  std::string every_octet;
  for (int i = 0; i < 256; ++i) every_octet += static_cast<char>(i);
  EXPECT_EQ(base64_decode(base64_encode(every_octet)), every_octet);
}

TEST(Crypto, DecodesNothingButStrictBase64) {
  for (const char* bad :
       {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "=", "Zg==Zg==", "Z g=", "Zm9v\n", "Zm-_", "Zg=a"})
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  EXPECT_EQ(base64_decode(std::string_view("Zm\0v", 4)), std::nullopt);
}

TEST(Base64Url, HasNoPaddingAndItsOwnTwoDigits) {
  EXPECT_EQ(base64url_decode(""), "");
  EXPECT_EQ(base64url_decode("Zg"), "f");
  EXPECT_EQ(base64url_decode("Zm8"), "fo");
  EXPECT_EQ(base64url_decode("Zm9v"), "foo");
  EXPECT_EQ(base64url_decode("-_-_"), "\xfb\xff\xbf");
  for (const char* bad :
       {"Zg==", "Zg=", "A", "Z", "Zm9vA", "Zm9vY", "+/+/", "Zm 8", "Zh", "Zm9", "Zg\n", "Zm9vZ."})
    EXPECT_EQ(base64url_decode(bad), std::nullopt) << bad;
  EXPECT_EQ(base64url_decode(std::string_view("Zm\0v", 4)), std::nullopt);
}

TEST(Crypto, MakesUuidsOfVersion7ThatAreDistinctAndSortByTime) {
  std::set<std::string> seen;
  std::string last_time;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = uuid_v7();
    ASSERT_EQ(id.size(), 36U);
    EXPECT_EQ(id[14], '7');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_LE(last_time, id.substr(0, 13));
    last_time = id.substr(0, 13);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Crypto, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_FALSE(equal_in_constant_time("secret", "secreu"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secret2"));
}

}  // namespace
}  // namespace sluice
