// sluice audit list: prints events, the newest last.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Adds the subcommand to `audit`; when it runs, it sets `exit_code`.
void add_audit_list_command(CLI::App& audit, int& exit_code);

}  // namespace sluice
