// sluice audit verify|list|export|replay: the record of every decision, offline or beside a running gate.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Adds the subcommand; when it runs, it sets `exit_code`.
void add_audit_command(CLI::App& app, int& exit_code);

}  // namespace sluice
