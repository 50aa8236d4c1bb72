#include "proxy/cli/audit_command.h"

#include <CLI/CLI.hpp>

#include "proxy/cli/audit_export_command.h"
#include "proxy/cli/audit_list_command.h"
#include "proxy/cli/audit_replay_command.h"
#include "proxy/cli/audit_verify_command.h"

namespace sluice {

void add_audit_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("audit", "Verify, list, export and re-send the record of every decision");
  command->require_subcommand(1);
  add_audit_verify_command(*command, exit_code);
  add_audit_list_command(*command, exit_code);
  add_audit_export_command(*command, exit_code);
  add_audit_replay_command(*command, exit_code);
}

}  // namespace sluice
