// The commands that speak of the policy, run as the command line runs them: check, explain, catalogue,
// client; and the loader that they share with `serve`.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "command_fixture.h"
#include "policy/catalogue/catalogue.h"
#include "proxy/cli/catalogue_command.h"
#include "proxy/cli/check_command.h"
#include "proxy/cli/client_command.h"
#include "proxy/cli/explain_command.h"
#include "proxy/cli/load.h"
#include "proxy/cli/sarif.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr const char* kConfig = R"(version: 1
listen: [ { address: 127.0.0.1:0 } ]
apis:
  push:
    catalogue: push
    upstream: https://api.pushsecurity.com
    hosts: [push.gate.example]
    credential: { full: { env: NOT_SET_AND_NOT_READ } }
clients:
  soar: { token: { env: NOT_SET_EITHER } }
policy: policy.yaml
)";
constexpr const char* kPolicy = R"(version: 1
rules:
  - { id: soar-lists, effect: allow, when: { client: soar, operation: push.employees.list } }
  - { id: no-vpn, effect: deny, when: { source: 10.0.0.0/8, header: { x-tool: old } } }
  - { id: no-weekend, effect: deny, when: { time: { days: sat } } }
  - { id: merges, effect: allow, when: { operation: push.employees.merge, body: { /secondaryEmployeeIds: { maxItems: 1 } } } }
)";

class PolicyCommands : public CommandFolder {
 protected:
  PolicyCommands() : CommandFolder(kConfig, kPolicy) {}

  static Ran run(const std::vector<std::string>& arguments) {
    return run_command(arguments, [](CLI::App& app, int& exit_code) {
      add_check_command(app, exit_code);
      add_explain_command(app, exit_code);
      add_catalogue_command(app, exit_code);
      add_client_command(app, exit_code);
    });
  }
  Ran check(const std::string& format = "text") const {
    return run({"check", "--config", path("sluice.yaml"), "--format", format});
  }
  std::string explained(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {"explain", "--config", path("sluice.yaml"), "--format", "json", "--client", "soar"});
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    const auto json = nlohmann::json::parse(ran.out);
    std::string text = json["decision"].get<std::string>();
    for (const auto& rule : json["rules"]) {
      if (rule["decides"].get<bool>()) text += " " + rule["id"].get<std::string>();
    }
    return text;
  }
};

TEST_F(PolicyCommands, CheckAcceptsValidFilesAndResolvesNoSecret) {
  const Ran ran = check();
  EXPECT_EQ(ran.exit_code, 0) << ran.out;
  EXPECT_EQ(nlohmann::json::parse(check("json").out), nlohmann::json::parse(R"({"findings":[]})"));
}

TEST_F(PolicyCommands, CheckNamesThePlaceOfEveryError) {
  write("policy.yaml", "version: 1\nrules:\n  - { id: a, effect: alow, when: { client: sour } }\n");
  const Ran ran = check();
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.out, path("policy.yaml") +
                         ":3:22: error: effect: unknown value \"alow\", allowed: allow, deny, require\n" +
                         path("policy.yaml") +
                         ":3:44: error: client: unknown client \"sour\", did you mean \"soar\"?\n");
  const auto json = nlohmann::json::parse(check("json").out)["findings"];
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[1]["file"], path("policy.yaml"));
  EXPECT_EQ(json[1]["line"], 3);
  EXPECT_EQ(json[1]["column"], 44);
  EXPECT_EQ(json[1]["severity"], "error");
  EXPECT_EQ(json[1]["rule"], "unknown-client");
  EXPECT_EQ(json[1]["message"], "client: unknown client \"sour\", did you mean \"soar\"?");
}

constexpr const char* kDoubtful = R"(version: 1
rules:
  - { id: reads, effect: allow, when: { client: soar, access: read } }
  - { id: apps, effect: allow, when: { client: soar, operation: push.apps.list } }
)";

TEST_F(PolicyCommands, CheckWarnsAndStaysValid) {
  write("policy.yaml", kDoubtful);
  const Ran ran = check();
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_NE(ran.out.find(path("policy.yaml") + ":4:11: warning: apps changes nothing"), std::string::npos)
      << ran.out;
  EXPECT_TRUE(ran.out.ends_with(path("sluice.yaml") + ": valid\n")) << ran.out;
  EXPECT_EQ(check("json").exit_code, 0);
  EXPECT_EQ(check("sarif").exit_code, 0);
  const auto json = nlohmann::json::parse(check("json").out)["findings"];
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0]["file"], path("policy.yaml"));
  EXPECT_EQ(json[0]["severity"], "warning");
  EXPECT_EQ(json[0]["rule"], "allow-redundant");
  EXPECT_EQ(json[1]["file"], path("sluice.yaml"));
  EXPECT_EQ(json[1]["severity"], "note");
  EXPECT_EQ(json[1]["rule"], "operations-without-rule");
}

TEST_F(PolicyCommands, CheckWarnsOfFilesThatOthersCanWriteUnlessToldNotTo) {
  std::filesystem::permissions(path("policy.yaml"), std::filesystem::perms::others_write,
                               std::filesystem::perm_options::add);
  const Ran ran = check();
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_NE(ran.out.find("warning: others can write " + path("policy.yaml")), std::string::npos) << ran.out;
  const Ran strict = run({"check", "--strict", "--config", path("sluice.yaml")});
  EXPECT_EQ(strict.exit_code, 1);
  const Ran ignored = run({"check", "--strict", "--ignore-modes", "--config", path("sluice.yaml")});
  EXPECT_EQ(ignored.exit_code, 0);
  EXPECT_EQ(ignored.out, path("sluice.yaml") + ": valid\n");
}

TEST_F(PolicyCommands, CheckCountsWarningsButNoNotesWhenStrict) {
  const std::vector<std::string> strict{"check", "--strict", "--config", path("sluice.yaml")};
  EXPECT_EQ(run(strict).exit_code, 0);
  write("policy.yaml", kDoubtful);
  EXPECT_EQ(run(strict).exit_code, 1);
  write("policy.yaml",
        "version: 1\nrules:\n  - { id: a, effect: allow, when: { operation: push.apps.list } }\n");
  const Ran noted = run(strict);
  EXPECT_EQ(noted.exit_code, 0);
  EXPECT_NE(noted.out.find(": note: "), std::string::npos) << noted.out;
}

TEST_F(PolicyCommands, CheckWritesSarif) {
  write("policy.yaml", "version: 1\nrules:\n  - { id: a, effect: allow, when: { client: sour } }\n");
  const auto sarif = nlohmann::json::parse(check("sarif").out);
  EXPECT_EQ(sarif["version"], "2.1.0");
  const auto& result = sarif["runs"][0]["results"][0];
  EXPECT_EQ(result["ruleId"], "unknown-client");
  EXPECT_EQ(result["level"], "error");
  EXPECT_EQ(result["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
  const auto& rule = sarif["runs"][0]["tool"]["driver"]["rules"][0];
  EXPECT_EQ(rule["id"], "unknown-client");
  EXPECT_EQ(rule["shortDescription"]["text"], "Unknown client");
}

TEST_F(PolicyCommands, SarifDescribesEachKindOfWarningOnce) {
  write("policy.yaml",
        kDoubtful +
            std::string(
                "  - { id: apps-too, effect: allow, when: { client: soar, operation: push.apps.list } }\n"));
  const auto run = nlohmann::json::parse(check("sarif").out)["runs"][0];
  ASSERT_EQ(run["results"].size(), 3U);
  EXPECT_EQ(run["results"][0]["level"], "warning");
  EXPECT_EQ(run["results"][2]["level"], "note");
  const auto& rules = run["tool"]["driver"]["rules"];
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0]["id"], "allow-redundant");
  EXPECT_EQ(rules[0]["shortDescription"]["text"],
            "An allow rule of which everything is allowed by other rules");
  EXPECT_EQ(rules[0]["defaultConfiguration"]["level"], "warning");
}

TEST(Sarif, WritesAPathAsAUri) {
  Findings findings;
  findings.error({"a b/\xc3\xa9%.yaml", 0, 0}, "x", "y");
  const auto place =
      nlohmann::json::parse(to_sarif(findings))["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "a%20b/%C3%A9%25.yaml");
  EXPECT_FALSE(place.contains("region")) << "the file as a whole";
}

TEST_F(PolicyCommands, CheckTellsUnreadableFilesFromWrongOnes) {
  EXPECT_EQ(run({"check", "--config", path("nothing.yaml")}).exit_code, 2);
  std::filesystem::remove(path("policy.yaml"));
  EXPECT_EQ(check().exit_code, 2);
}

TEST_F(PolicyCommands, ExplainTakesEveryPartOfTheRequest) {
  const std::string list = "/push/v1/employees";
  const std::string wednesday = "2026-01-07T12:00:00Z";
  EXPECT_EQ(explained({"--at", wednesday, "GET", list}), "allow soar-lists");
  EXPECT_EQ(explained({"--at", "2026-01-10T12:00:00Z", "GET", list}), "deny no-weekend");
  EXPECT_EQ(explained({"--at", wednesday, "--source", "10.1.1.1", "--header", "X-Tool: old", "GET", list}),
            "deny no-vpn");
  EXPECT_EQ(explained({"--at", wednesday, "--header", "Host: push.gate.example", "GET", "/v1/employees"}),
            "allow soar-lists");
  EXPECT_EQ(explained({"--at", wednesday, "GET", list + "?a=%ff"}), "refuse");
  EXPECT_EQ(explained({"--at", wednesday, "GET", "/elsewhere"}), "refuse");
  write("body.json", R"({"secondaryEmployeeIds":["a"]})");
  EXPECT_EQ(explained({"--at", wednesday, "--body", path("body.json"), "POST", list + "/e1/merge"}),
            "allow merges");
  EXPECT_EQ(explained({"--at", wednesday, "--header", "Content-Type: text/plain", "--body", path("body.json"),
                       "POST", list + "/e1/merge"}),
            "refuse");
}

TEST_F(PolicyCommands, ExplainRefusesWhatItCannotReadInOneLine) {
  const std::vector<std::vector<std::string>> wrong{
      {"--client", "sour", "GET", "/push/v1/employees"},
      {"--client", "soar", "--header", "no colon", "GET", "/push/v1/employees"},
      {"--client", "soar", "--source", "home", "GET", "/push/v1/employees"},
      {"--client", "soar", "--at", "now", "GET", "/push/v1/employees"},
      {"--client", "soar", "--body", path("nothing"), "GET", "/push/v1/employees"},
      {"--client", "soar", "GET", "push/v1/employees"},
      {"--client", "soar", "G T", "/push/v1/employees"},
  };
  for (std::vector<std::string> arguments : wrong) {
    arguments.insert(arguments.begin(), {"explain", "--config", path("sluice.yaml")});
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.exit_code, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }
}

TEST_F(PolicyCommands, CatalogueListsOperationsWithFullIds) {
  const auto all = nlohmann::json::parse(run({"catalogue", "--format", "json"}).out)["operations"];
  const auto push = nlohmann::json::parse(run({"catalogue", "push", "--format", "json"}).out)["operations"];
  EXPECT_GT(all.size(), push.size());
  for (const auto& operation : push) {
    EXPECT_EQ(operation["api"], "push");
    EXPECT_EQ(operation["id"].get<std::string>().rfind("push.", 0), 0U);
    for (const char* key : {"method", "path", "access", "tags", "source"})
      EXPECT_TRUE(operation.contains(key)) << key;
  }
  EXPECT_NE(run({"catalogue"}).out.find("securenvoy.credentials.set-password"), std::string::npos);
}

TEST_F(PolicyCommands, ClientNewPrintsATokenAndItsHash) {
  const Ran ran = run({"client", "new", "soar"});
  EXPECT_EQ(ran.exit_code, 0);
  std::smatch token, hash;
  ASSERT_TRUE(std::regex_search(ran.out, token, std::regex("sluice_[A-Za-z0-9_-]{43}\\b"))) << ran.out;
  ASSERT_TRUE(std::regex_search(ran.out, hash, std::regex("token_sha256: \\[ \"([0-9a-f]{64})\" \\]")))
      << ran.out;
  EXPECT_EQ(hash[1].str(), hex(sha256(token.str())));
  EXPECT_NE(run({"client", "new", "soar"}).out, ran.out) << "a new token each time";
  EXPECT_EQ(run({"client", "new", "a: b"}).exit_code, 2);
  EXPECT_TRUE(std::regex_search(
      run({"client", "new", "soar", "--expires", "2027-01-31"}).out,
      std::regex("token_sha256: \\[ \\{ hash: \"[0-9a-f]{64}\", expires: 2027-01-31 \\} \\]")));
  EXPECT_EQ(run({"client", "new", "soar", "--expires", "soon"}).exit_code, 2);
  const Ran past = run({"client", "new", "soar", "--expires", "2020-01-31"});
  EXPECT_EQ(past.exit_code, 0);
  EXPECT_NE(past.err.find("2020-01-31 is over already"), std::string::npos) << past.err;
}

TEST_F(PolicyCommands, LoadHashesThePolicyAndTheCatalogues) {
  Findings findings;
  const auto loaded = load_files(path("sluice.yaml"), findings);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->policy_sha256, hex(sha256(kPolicy + std::string(built_in_catalogue("push")))));
  EXPECT_EQ(loaded->config.apis.size(), 1U);
}

TEST_F(PolicyCommands, LoadReportsCatalogueAndPolicyInOneRun) {
  write("sluice.yaml",
        std::regex_replace(std::string(kConfig), std::regex("catalogue: push"), "catalogue: own.yaml"));
  write("own.yaml", "api: push\n");
  std::filesystem::remove(path("policy.yaml"));
  Findings findings;
  EXPECT_FALSE(load_files(path("sluice.yaml"), findings));
  bool catalogue = false, policy = false;
  for (const Finding& finding : findings.all()) {
    catalogue = catalogue || finding.at.file == path("own.yaml");
    policy = policy || finding.rule == "unreadable-policy";
  }
  EXPECT_TRUE(catalogue && policy);
}

}  // namespace
}  // namespace sluice
