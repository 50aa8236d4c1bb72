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

CredentialConfig two_keys() {
  CredentialConfig config;
  config.full = {env("CREDENTIALS_TEST_NEW", "new-key"), env("CREDENTIALS_TEST_FULL", "old-key")};
  return config;
}

std::string chosen(const Credential& credential) {
  const Credential::Choice choice = credential.choose(Access::kWrite);
  return choice.key != nullptr ? std::string(choice.value->reveal()) : "none of " + std::string(choice.name);
}

TEST(Credentials, TakeTheNewestThatIsNotRefusedAndTheNewestIfAllAre) {
  const auto credential = Credential::resolve(two_keys(), catalogue());
  ASSERT_TRUE(credential);
  EXPECT_EQ(chosen(*credential), "new-key");
  const auto keys = credential->all();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_TRUE(keys[0].state->refuse(401));
  EXPECT_EQ(chosen(*credential), "old-key");
  EXPECT_TRUE(keys[1].state->refuse(403));
  EXPECT_EQ(chosen(*credential), "new-key");
}

TEST(Credentials, NeverTakeAKeyWhoseTimeIsOver) {
  CredentialConfig config = two_keys();
  for (SecretRef& ref : config.full) ref.usable_until = Nanos(1);
  const auto credential = Credential::resolve(config, catalogue());
  ASSERT_TRUE(credential);
  EXPECT_EQ(chosen(*credential), "none of full");
  bool usable = true;
  EXPECT_NE(credential->trouble(&usable).find("its place has given nothing for longer"), std::string::npos);
  EXPECT_FALSE(usable);
  credential->all()[1].state->set_usable_until(Nanos::max());
  EXPECT_EQ(chosen(*credential), "old-key");
  credential->trouble(&usable);
  EXPECT_TRUE(usable);
}

TEST(Credentials, RememberOverAReloadWhatIsKnownOfAKeyOfTheSameApi) {
  KeyStates states;
  auto before = Credential::resolve(two_keys(), catalogue(), "push", &states);
  ASSERT_TRUE(before);
  EXPECT_TRUE(before->all()[0].state->refuse(401));
  const auto after = Credential::resolve(two_keys(), catalogue(), "push", &states);
  EXPECT_EQ(chosen(*after), "old-key");
  EXPECT_FALSE(after->all()[0].state->refuse(401)) << "it was reported before";
  const auto other = Credential::resolve(two_keys(), catalogue(), "other", &states);
  EXPECT_EQ(chosen(*other), "new-key");
}

TEST(KeyState, IsAskedForOnceInTenSecondsAndTellsAllThatWait) {
  const auto state = std::make_shared<KeyState>("print");
  int told = 0;
  const auto done = [&told] { ++told; };
  const Nanos start = std::chrono::hours(1);
  EXPECT_EQ(state->ask(start, done), KeyState::Ask::kBegin);
  EXPECT_EQ(state->ask(start + std::chrono::seconds(1), done), KeyState::Ask::kWait);
  EXPECT_EQ(state->ask(start + std::chrono::seconds(1), {}), KeyState::Ask::kWait);
  state->resolved();
  EXPECT_EQ(told, 2);
  EXPECT_EQ(state->ask(start + std::chrono::seconds(9), done), KeyState::Ask::kLate);
  EXPECT_EQ(state->ask(start + std::chrono::seconds(10), done), KeyState::Ask::kBegin);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(state->ask(start + std::chrono::seconds(70), done), KeyState::Ask::kBegin) << "nobody answered";
}

}  // namespace
}  // namespace sluice
