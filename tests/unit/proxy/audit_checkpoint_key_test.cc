#include "proxy/audit/checkpoint_key.h"

#include <sys/stat.h>

#include <cstdlib>

#include "audit_verify_fixture.h"

namespace sluice {
namespace {

class CheckpointKey : public testing::Test {
 protected:
  TempFolder folder_;
  AuditConfig config_ = audit_config(folder_);
};

TEST_F(CheckpointKey, MakesTheKeyOnceForTheGateAlone) {
  run_gate(config_, 0);
  struct stat status {};
  ASSERT_EQ(stat((config_.spool + ".key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(stat((config_.spool + ".checkpoints").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const std::string key = read_whole(config_.spool + ".key");
  const std::string published = read_whole(config_.spool + ".pub");
  run_gate(config_, 0);
  EXPECT_EQ(read_whole(config_.spool + ".key"), key);
  EXPECT_EQ(read_whole(config_.spool + ".pub"), published);
  EXPECT_EQ(published.find("PRIVATE"), std::string::npos);
}

TEST_F(CheckpointKey, RefusesADamagedOrOpenKeyAndLeavesItAlone) {
  const std::string path = config_.spool + ".key";
  for (const char* text : {"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    write_whole(path, text);
    chmod(path.c_str(), 0600);
    const auto log = open_audit_log(config_, {});
    ASSERT_FALSE(log.ok());
    EXPECT_NE(log.error().message.find("is damaged: put back a copy of it, or move it away"),
              std::string::npos)
        << log.error().message;
    EXPECT_EQ(read_whole(path), text);
  }
  std::filesystem::remove(path);
  run_gate(config_, 0);
  chmod(path.c_str(), 0640);
  const auto log = open_audit_log(config_, {});
  ASSERT_FALSE(log.ok());
  EXPECT_NE(log.error().message.find("can be read by others: chmod 600 " + path), std::string::npos);
}

TEST_F(CheckpointKey, TakesTheConfiguredKeyAndAcceptsBothAfterAChange) {
  run_gate(config_, 2);
  const std::string old_key = read_whole(config_.spool + ".pub");
  write_whole(folder_.file("key.pem"), std::string(Ed25519Key::generate().to_pem().reveal()));
  config_.checkpoint_key = {SecretRef::Kind::kFile, folder_.file("key.pem"), {}};
  run_gate(config_, 2);
  EXPECT_EQ(rules(verify(config_.spool)), "");
  AuditCheck::Known known = known_of(config_.spool);
  ASSERT_EQ(known.keys.size(), 2U);
  EXPECT_EQ(to_text(known.keys[0]) + "\n", old_key);
  known.keys.pop_back();
  EXPECT_TRUE(has_rule(verify(config_.spool, known), "key"));
}

TEST_F(CheckpointKey, NamesTheConfiguredKeyThatIsNone) {
  setenv("SLUICE_TEST_CHECKPOINT_KEY", "not a key", 1);
  config_.checkpoint_key = {SecretRef::Kind::kEnv, "SLUICE_TEST_CHECKPOINT_KEY", {}};
  const auto log = open_audit_log(config_, {});
  ASSERT_FALSE(log.ok());
  EXPECT_NE(log.error().message.find(
                "audit.checkpoint_key: SLUICE_TEST_CHECKPOINT_KEY is not an Ed25519 key in PEM"),
            std::string::npos)
      << log.error().message;
  EXPECT_EQ(log.error().message.find("not a key,"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(config_.spool + ".key"));
}

}  // namespace
}  // namespace sluice
