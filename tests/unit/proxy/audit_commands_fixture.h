// What the tests of `sluice audit` share: a folder with a configuration and a spool, and the command run on
// it.
#pragma once

#include "audit_verify_fixture.h"
#include "command_fixture.h"
#include "proxy/cli/audit_command.h"

namespace sluice {

constexpr const char* kAuditedConfig = R"(version: 1
listen: [ { address: 127.0.0.1:0 } ]
apis:
  push:
    catalogue: push
    upstream: https://api.pushsecurity.com
    credential: { full: { env: NOT_SET_AND_NOT_READ } }
clients:
  soar: { token: { env: NOT_SET_EITHER } }
policy: policy.yaml
)";

class AuditCommands : public CommandFolder {
 protected:
  AuditCommands() : CommandFolder(kAuditedConfig, "version: 1\nrules: []\n") {
    config_.spool = path("audit.db");
    config_.durability = Durability::kProcess;
  }

  static Ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "audit");
    return run_command(arguments, [](CLI::App& app, int& exit_code) { add_audit_command(app, exit_code); });
  }
  Ran verify_spool(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"verify", "--config", path("sluice.yaml")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  Ran on_spool(const std::string& command, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {command, "--spool", config_.spool};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  AuditConfig config_;
};

}  // namespace sluice
