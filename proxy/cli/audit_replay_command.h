// sluice audit replay: sends events, or what a webhook refused, to it once more.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Adds the subcommand to `audit`; when it runs, it sets `exit_code`.
void add_audit_replay_command(CLI::App& audit, int& exit_code);

}  // namespace sluice
