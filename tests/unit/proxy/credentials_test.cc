#include "proxy/gate/credentials.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sluice {
namespace {

SecretRef env(const char* name, const char* value) {
  setenv(name, value, 1);
  return {SecretRef::Kind::kEnv, name, {}};
}

Catalogue catalogue() {
  Catalogue made;
  made.credential_header = "x-api-key";
  made.credential_value = "{key}";
  return made;
}

TEST(Credentials, ReadsUseTheReadKeyWhereThereIsOne) {
  CredentialConfig config;
  config.full = {env("CREDENTIALS_TEST_FULL", "full-key")};
  auto credential = Credential::resolve(config, catalogue());
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->header(), "x-api-key");
  EXPECT_EQ(credential->choose(Access::kRead).value->reveal(), "full-key");
  EXPECT_EQ(credential->choose(Access::kRead).name, "full");
  config.read = {env("CREDENTIALS_TEST_READ", "read-key")};
  credential = Credential::resolve(config, catalogue());
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->choose(Access::kRead).value->reveal(), "read-key");
  EXPECT_EQ(credential->choose(Access::kRead).name, "read");
  EXPECT_EQ(credential->choose(Access::kWrite).value->reveal(), "full-key");
}

TEST(Credentials, FillTheTemplate) {
  CredentialConfig config;
  config.full = {env("CREDENTIALS_TEST_FULL", "abc")};
  config.header = "Authorization";
  config.value = "APIKEY {base64:key}";
  const auto credential = Credential::resolve(config, catalogue());
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->header(), "Authorization");
  EXPECT_EQ(credential->choose(Access::kWrite).value->reveal(), "APIKEY YWJj");
  EXPECT_EQ(credential->choose(Access::kWrite).encoded->key().reveal(), "YWJj");
  EXPECT_EQ(credential->choose(Access::kWrite).key->key().reveal(), "abc");
}

TEST(Credentials, RefuseAKeyThatCannotStandInAHeader) {
  CredentialConfig config;
  config.full = {env("CREDENTIALS_TEST_FULL", "a\xc3\xa4z")};
  const auto credential = Credential::resolve(config, catalogue());
  ASSERT_FALSE(credential);
  EXPECT_NE(credential.error().message.find("CREDENTIALS_TEST_FULL"), std::string::npos);
}

}  // namespace
}  // namespace sluice
