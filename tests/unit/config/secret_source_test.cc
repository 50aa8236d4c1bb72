#include "config/secret_source.h"

#include "tests/unit/config/test_files.h"

namespace sluice {
namespace {

SecretRef env(const std::string& name) { return {SecretRef::Kind::kEnv, name, {}}; }
SecretRef file(const std::string& path) { return {SecretRef::Kind::kFile, path, {}}; }

TEST(SecretSource, ReadsAVariableAsItIs) {
  const TestVariable variable("SLUICE_TEST_SECRET", "abc ");
  auto secret = resolve_secret(env("SLUICE_TEST_SECRET"));
  ASSERT_TRUE(secret);
  EXPECT_TRUE(secret->equals("abc "));
}

TEST(SecretSource, TrimsAFile) {
  const TestFolder folder;
  auto secret = resolve_secret(file(folder.write("key", "\r\n\t abc def \n\n")));
  ASSERT_TRUE(secret);
  EXPECT_TRUE(secret->equals("abc def"));
}

TEST(SecretSource, NamesTheVariableThatIsUnsetOrEmpty) {
  EXPECT_EQ(resolve_secret(env("SLUICE_TEST_UNSET")).error().message,
            "environment variable SLUICE_TEST_UNSET is not set");
  const TestVariable variable("SLUICE_TEST_SECRET", "");
  EXPECT_EQ(resolve_secret(env("SLUICE_TEST_SECRET")).error().message,
            "environment variable SLUICE_TEST_SECRET is empty");
}

TEST(SecretSource, NamesTheFileThatGivesNothing) {
  const TestFolder folder;
  EXPECT_EQ(resolve_secret(file(folder.path("no"))).error().message,
            "cannot read " + folder.path("no") + ": no such file or directory");
  EXPECT_EQ(resolve_secret(file(folder.path("."))).error().message,
            "cannot read " + folder.path(".") + ": it is a directory");
  EXPECT_EQ(resolve_secret(file(folder.write("blank", " \n\t"))).error().message,
            "secret file " + folder.path("blank") + " is empty");
}

TEST(SecretSource, RefusesAFileBeyond64KiB) {
  const TestFolder folder;
  EXPECT_TRUE(resolve_secret(file(folder.write("most", std::string(64 * 1024, 'a')))));
  auto secret = resolve_secret(file(folder.write("more", std::string(64 * 1024 + 1, 'a'))));
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().message, "cannot read " + folder.path("more") + ": it is larger than 64KiB");
}

TEST(SecretSource, RefusesALineBreakInsideAndNeverShowsTheSecret) {
  const TestFolder folder;
  for (const std::string& content :
       {std::string("hunter2\r\nX-Admin: 1"), std::string("hunter2\0x", 9), std::string("hunter2\x7f")}) {
    auto secret = resolve_secret(file(folder.write("key", content)));
    ASSERT_FALSE(secret);
    EXPECT_EQ(secret.error().message.find("hunter2"), std::string::npos);
  }
  const TestVariable variable("SLUICE_TEST_SECRET", "hunter2\nX: y");
  EXPECT_FALSE(resolve_secret(env("SLUICE_TEST_SECRET")));
}

TEST(SecretSource, TakesASealedSecretThatWasUnsealedAndNoOther) {
  SecretRef sealed{SecretRef::Kind::kSealed, "push-full", {}};
  EXPECT_EQ(resolve_secret(sealed).error().message, "sealed push-full was not fetched");
  sealed.fetched = Secret("abc");
  EXPECT_TRUE(resolve_secret(sealed)->equals("abc"));
  sealed.fetched = Secret("a\nb");
  EXPECT_EQ(resolve_secret(sealed).error().message,
            "sealed push-full holds a line break or another control character inside the secret");
  EXPECT_TRUE(resolve_secret_lines(sealed)->equals("a\nb"));
}

TEST(SecretSource, RefusesAReferenceToNothing) { EXPECT_FALSE(resolve_secret({})); }

}  // namespace
}  // namespace sluice
