#include "proxy/cli/file_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FileAccess : public testing::Test {
 protected:
  FileAccess() {
    std::string pattern = testing::TempDir() + "file_access.XXXXXX";
    folder_ = std::filesystem::canonical(::mkdtemp(pattern.data())).string();
    make("sluice.yaml", 0644);
    make("policy.yaml", 0644);
    make("key", 0600);
    config.file = path("sluice.yaml");
    config.policy = path("policy.yaml");
    config.audit.spool = path("audit.db");
    config.apis.resize(1);
    config.apis[0].catalogue = "push";
    config.apis[0].credential.full.push_back({SecretRef::Kind::kFile, path("key"), {config.file, 7, 3}});
  }
  ~FileAccess() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void make(const std::string& name, mode_t mode) const {
    std::ofstream(path(name)) << "x";
    ::chmod(path(name).c_str(), mode);
  }
  std::vector<std::string> found() const {
    Findings findings;
    add_file_warnings(config, findings);
    std::vector<std::string> texts;
    for (const Finding& finding : findings.all()) {
      std::string text = to_text(finding);
      for (size_t at = text.find(folder_); at != std::string::npos; at = text.find(folder_))
        text.replace(at, folder_.size(), "F");
      for (size_t at = text.find(owner_); at != std::string::npos; at = text.find(owner_, at + 5))
        text.replace(at, owner_.size(), "owner me");
      texts.push_back(text);
    }
    return texts;
  }

  Config config;
  std::string folder_;
  const std::string owner_ = std::string("owner ") + ::getpwuid(::getuid())->pw_name;
};

TEST_F(FileAccess, HasNothingToSayOfFilesThatAreClosed) {
  EXPECT_THAT(found(), IsEmpty());
  // As Kubernetes has it with fsGroup, and systemd with credentials.
  for (const mode_t mode : {0400, 0440, 0640}) {
    make("key", mode);
    EXPECT_THAT(found(), IsEmpty()) << mode;
  }
}

TEST_F(FileAccess, WarnsOfASecretThatOthersCanReadOrWrite) {
  make("key", 0644);
  EXPECT_THAT(found(),
              ElementsAre("F/sluice.yaml:7:3: warning: full: others can read F/key (mode 0644, owner me): "
                          "chmod 600 F/key, or 640 for a group that may read it"));
  for (const mode_t mode : {0602, 0620, 0660}) {
    make("key", mode);
    EXPECT_THAT(found(), ElementsAre(HasSubstr("full: others can write F/key (mode 0"))) << mode;
  }
}

TEST_F(FileAccess, WarnsOnceOfASecretThatStandsInSeveralPlaces) {
  make("key", 0644);
  config.apis[0].credential.read = config.apis[0].credential.full;
  EXPECT_EQ(found().size(), 1U);
}

TEST_F(FileAccess, FollowsLinksAsKubernetesHasThem) {
  std::filesystem::create_directory(path("..2026"));
  make("..2026/key", 0644);
  std::filesystem::create_symlink("..2026", path("..data"));
  std::filesystem::remove(path("key"));
  std::filesystem::create_symlink("..data/key", path("key"));
  EXPECT_THAT(found(), ElementsAre(HasSubstr("others can read F/key (mode 0644")));
  make("..2026/key", 0440);
  ::chmod(path("..2026").c_str(), 0777);
  EXPECT_THAT(found(), ElementsAre(HasSubstr("others can write the folder F/..2026 (mode 0777")));
}

TEST_F(FileAccess, LooksAtEveryPrivateKey) {
  for (const char* name : {"one", "two", "three"}) make(name, 0604);
  make("four", 0660);
  config.listen.resize(1);
  config.listen[0].address.at = {config.file, 3, 5};
  config.listen[0].tls = ListenerTls{"", path("one"), "", {{"", path("two")}}};
  config.apis[0].upstream_tls.private_key = path("three");
  config.connect.emplace().ca.private_key = path("four");
  EXPECT_THAT(found(),
              ElementsAre(HasSubstr(":3:5: warning: private_key: others can read F/one"), HasSubstr("F/two"),
                          HasSubstr("F/three"), HasSubstr("warning: private_key: others can write F/four")));
}

// serve would not start with it.
TEST_F(FileAccess, RefusesAKeyOfTheAuthorityThatOthersCanRead) {
  make("authority", 0644);
  config.connect.emplace().ca.private_key = path("authority");
  config.connect->at = {config.file, 9, 3};
  EXPECT_THAT(
      found(),
      ElementsAre("F/sluice.yaml:9:3: error: connect.ca: the private key F/authority can be read by others "
                  "(mode 0644, owner me): chmod 600 F/authority, or 640 for a group that may read it"));
  make("authority", 0640);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(FileAccess, LooksAtTheMasterOfTheSealedStore) {
  make("master", 0644);
  config.sealed_keys = {path("keys.sealed"), {SecretRef::Kind::kFile, path("master"), {}}, {}};
  EXPECT_THAT(found(), ElementsAre(HasSubstr("master: others can read F/master")));
}

TEST_F(FileAccess, WarnsOfWhatAnybodyCouldChange) {
  make("policy.yaml", 0646);
  EXPECT_THAT(found(),
              ElementsAre("F/sluice.yaml: warning: others can write F/policy.yaml (mode 0646, owner me): "
                          "chmod o-w F/policy.yaml"));
  make("policy.yaml", 0664);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(FileAccess, WarnsOfAFolderInWhichOthersCouldReplaceAFile) {
  ::chmod(folder_.c_str(), 0707);
  const auto texts = found();
  EXPECT_THAT(
      texts,
      ElementsAre("F/sluice.yaml: warning: others can write the folder F (mode 0707, owner me), and so "
                  "replace F/audit.db: chmod o-w F"));
  ::chmod(folder_.c_str(), 01777);  // as /tmp
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(FileAccess, WarnsOfAnAuditThatOthersCanRead) {
  make("audit.db", 0644);
  make("audit.db-wal", 0660);
  EXPECT_THAT(
      found(),
      ElementsAre("F/sluice.yaml: warning: audit.spool: others can read F/audit.db (mode 0644, owner me): "
                  "chmod o-rwx F/audit.db"));
}

// serve would not start with it.
TEST_F(FileAccess, RefusesACheckpointKeyThatOthersCanRead) {
  make("audit.db.key", 0640);
  EXPECT_THAT(
      found(),
      ElementsAre("F/sluice.yaml: error: audit.spool: the checkpoint key F/audit.db.key can be read by "
                  "others (mode 0640, owner me): chmod 600 F/audit.db.key"));
  config.audit.checkpoint_key = {SecretRef::Kind::kEnv, "KEY", {}};
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(FileAccess, NotesASpoolWhoseFolderIsNotHereOrCannotBeWritten) {
  config.audit.spool = path("it's new/audit.db");
  EXPECT_THAT(
      found(),
      ElementsAre("F/sluice.yaml: note: audit.spool: the folder F/it's new does not exist: mkdir -m 700 "
                  "'F/it'\\''s new'"));
  make("file", 0600);
  config.audit.spool = path("file/audit.db");
  EXPECT_THAT(found(), ElementsAre(HasSubstr("note: audit.spool: F/file is not a folder")));
  if (::geteuid() == 0) return;  // who may write anywhere
  ::chmod(folder_.c_str(), 0500);
  config.audit.spool = path("audit.db");
  EXPECT_THAT(found(), ElementsAre(HasSubstr("cannot be written by the user of this command, uid ")));
  ::chmod(folder_.c_str(), 0700);
}

TEST_F(FileAccess, SaysNothingOfFilesThatAreNotHere) {
  std::filesystem::remove(path("key"));
  EXPECT_THAT(found(), IsEmpty());
}

}  // namespace
}  // namespace sluice
