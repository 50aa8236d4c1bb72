// sluice audit export: writes events as they are stored, one on a line.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Adds the subcommand to `audit`; when it runs, it sets `exit_code`.
void add_audit_export_command(CLI::App& audit, int& exit_code);

}  // namespace sluice
