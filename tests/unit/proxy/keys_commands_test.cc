// `sluice keys`, run as the command line runs it, and what a configuration gets of its store.
#include "proxy/cli/keys_command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command_fixture.h"
#include "config/config_reader.h"
#include "config/secret_refs.h"
#include "proxy/cli/check_command.h"
#include "proxy/crypto.h"
#include "proxy/keys/sealed_store.h"
#include "proxy/keys/unseal.h"

namespace sluice {
namespace {

constexpr const char* kConfig = R"(version: 1
listen: [ { address: 127.0.0.1:0 } ]
apis:
  push:
    catalogue: push
    upstream: https://api.pushsecurity.com
    credential: { full: { sealed: push-full } }
clients:
  soar: { token: { sealed: soar } }
sealed_keys: { path: keys.sealed, master: { env: KEYS_TEST_MASTER } }
policy: policy.yaml
)";
constexpr const char* kPolicy =
    "version: 1\nrules: [ { id: all, effect: allow, when: { client: soar, operation: \"push.*\" } } "
    "]\n";

class KeysCommands : public CommandFolder {
 protected:
  KeysCommands() : CommandFolder(kConfig, kPolicy) {
    setenv("KEYS_TEST_MASTER", " a master of enough octets\n", 1);
  }

  static Ran run(const std::vector<std::string>& arguments) {
    return run_command(arguments, [](CLI::App& app, int& exit_code) {
      add_keys_command(app, exit_code);
      add_check_command(app, exit_code);
    });
  }
  Ran keys(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "keys");
    arguments.insert(arguments.end(), {"--config", path("sluice.yaml")});
    return run(arguments);
  }
  // With `text` on stdin.
  Ran seal(const std::string& name, const std::string& text,
           const std::vector<std::string>& more = {}) const {
    write("stdin", text);
    const int before = dup(STDIN_FILENO);
    const int file = open(path("stdin").c_str(), O_RDONLY);
    dup2(file, STDIN_FILENO);
    std::vector<std::string> arguments = {"seal", name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Ran ran = keys(arguments);
    dup2(before, STDIN_FILENO);
    close(before);
    close(file);
    EXPECT_EQ((ran.out + ran.err).find("canary"), std::string::npos) << ran.out << ran.err;
    return ran;
  }
  std::string store() const { return path("keys.sealed"); }
  Config config() const {
    Findings findings;
    return *read_config_file(path("sluice.yaml"), findings);
  }
};

std::string line(const std::string& name, const std::string& value) {
  return name + "  " + fingerprint(Secret(value)) + "\n";
}

TEST_F(KeysCommands, SealsListsReplacesAndRemoves) {
  Ran ran = seal("push-full", "canary-1\n");
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, line("push-full", "canary-1"));
  ran = seal("push-full", "canary-2");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "sluice: push-full is sealed already: --replace puts a new value in its place\n");
  EXPECT_EQ(seal("push-full", "canary-2", {"--replace"}).exit_code, 0);
  EXPECT_EQ(seal("soar", "canary-3 \n\n").exit_code, 2);
  EXPECT_EQ(seal("soar", "canary-3 \n").exit_code, 0);
  EXPECT_EQ(keys({"list"}).out, line("push-full", "canary-2") + line("soar     ", "canary-3 "));
  EXPECT_EQ(keys({"list", "--format", "json"}).json()["keys"][1]["fingerprint"],
            fingerprint(Secret("canary-3 ")));
  ran = keys({"remove", "soar"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "soar removed\n");
  EXPECT_EQ(ran.err, path("sluice.yaml") + ":9:18: warning: token still names it\n");
  ran = keys({"remove", "soar"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "sluice: soar is not in " + store() + "\n");
}

TEST_F(KeysCommands, RefuseAValueThatCannotBeASecret) {
  EXPECT_EQ(seal("a", "").err, "sluice: nothing was sealed: stdin holds no value\n");
  EXPECT_EQ(seal("a", "\n").exit_code, 2);
  EXPECT_EQ(seal("a", "canary\tb").err,
            "sluice: nothing was sealed: the value holds a line break or another control character\n");
  EXPECT_EQ(seal("a", "canary\nb\n").exit_code, 2);
  EXPECT_EQ(seal("a", std::string(64 * 1024 + 1, 'a')).err,
            "sluice: nothing was sealed: the value is larger than 64 KiB\n");
  EXPECT_EQ(seal("a b", "canary").exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(store()));
  EXPECT_EQ(seal("most", std::string(64 * 1024, 'a') + "\n").exit_code, 0);
  EXPECT_EQ(seal("pem", "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n").exit_code, 0);
}

TEST_F(KeysCommands, NameTheMasterThatIsMissingShortOrWrong) {
  EXPECT_EQ(seal("push-full", "canary").exit_code, 0);
  setenv("KEYS_TEST_MASTER", "canary of too few", 1);
  EXPECT_EQ(keys({"list"}).err,
            "sluice: sealed key store " + store() +
                ": the master is not the one that it was sealed under: see sealed_keys.master\n");
  setenv("KEYS_TEST_MASTER", "fifteen octets.   ", 1);
  EXPECT_EQ(
      keys({"list"}).err,
      "sluice: the master of the sealed keys: env KEYS_TEST_MASTER holds less than 16 octets, which can be "
      "guessed: openssl rand -base64 32 makes one\n");
  unsetenv("KEYS_TEST_MASTER");
  const Ran ran = keys({"list"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.err,
            "sluice: the master of the sealed keys: environment variable KEYS_TEST_MASTER is not set\n");
}

TEST_F(KeysCommands, ResealUnderAMasterFromAFile) {
  EXPECT_EQ(seal("push-full", "canary").exit_code, 0);
  write("master", "\n another master, of a file \n");
  const Ran ran = keys({"reseal", "--new-master-file", path("master")});
  EXPECT_EQ(ran.out, "1 key is sealed under the master in file " + path("master") +
                         ": name it in sealed_keys.master before the gate is started again\n");
  EXPECT_EQ(keys({"list"}).exit_code, 2);
  setenv("KEYS_TEST_MASTER", "another master, of a file", 1);
  EXPECT_EQ(keys({"list"}).out, line("push-full", "canary"));
}

TEST_F(KeysCommands, ResealNeedsExactlyOneNewMaster) {
  for (const char* masters : {"", " --new-master-file a --new-master-env b"}) {
    CLI::App app;
    int exit_code = 0;
    add_keys_command(app, exit_code);
    EXPECT_THROW(app.parse(std::string("keys reseal --config c") + masters), CLI::ParseError);
  }
}

TEST_F(KeysCommands, CheckSaysWhatIsMissingWithoutTheMaster) {
  const auto check = [this] { return run({"check", "--config", path("sluice.yaml")}); };
  Ran ran = check();
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.out, path("sluice.yaml") + ":10:14: error: sealed key store " + store() +
                         ": there is none: make it with sluice keys seal NAME --config FILE\n");
  EXPECT_EQ(seal("push-ful", "canary").exit_code, 0);
  unsetenv("KEYS_TEST_MASTER");
  ran = check();
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.out, path("sluice.yaml") + ":7:25: error: full: sealed push-full is not in " + store() +
                         ", did you mean \"push-ful\"?\n" + path("sluice.yaml") +
                         ":9:18: error: token: sealed soar is not in " + store() +
                         ", put it there with sluice keys seal soar\n");
}

TEST_F(KeysCommands, AConfigurationGetsEverySealedValueOrTheReason) {
  EXPECT_EQ(seal("push-full", "canary-push").exit_code, 0);
  Config missing = config();
  EXPECT_EQ(unseal(missing).error().message, path("sluice.yaml") + ":9:18: token: sealed soar is not in " +
                                                 store() + ", put it there with sluice keys seal soar");
  EXPECT_EQ(seal("soar", "canary-soar").exit_code, 0);
  Config whole = config();
  ASSERT_TRUE(unseal(whole));
  EXPECT_TRUE(whole.apis[0].credential.full[0].fetched.equals("canary-push"));
  EXPECT_TRUE(whole.clients[0].tokens[0].fetched.equals("canary-soar"));
  chmod(store().c_str(), 0644);
  Config open = config();
  EXPECT_EQ(unseal(open).error().message, path("sluice.yaml") + ":10:14: sealed key store " + store() +
                                              ": others can read it: chmod 600 " + store() +
                                              " (or 640, for a group that may read it)");
}

TEST_F(KeysCommands, NeedASectionInTheConfiguration) {
  write("sluice.yaml",
        "version: 1\nlisten: [ { address: 127.0.0.1:0 } ]\npolicy: p\napis: { push: { catalogue: "
        "push, upstream: \"https://a.example\", credential: { full: { env: X } } } }\n");
  const Ran ran = keys({"list"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.err,
            "sluice: " + path("sluice.yaml") +
                " has no sealed_keys: add sealed_keys: { path: keys.sealed, master: { env: NAME } }\n");
}

}  // namespace
}  // namespace sluice
