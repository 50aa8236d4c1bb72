// sluice audit verify: says whether the events are those that the gate wrote.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Adds the subcommand to `audit`; when it runs, it sets `exit_code`.
void add_audit_verify_command(CLI::App& audit, int& exit_code);

}  // namespace sluice
