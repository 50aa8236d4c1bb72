// simulate_command: `sluice simulate push|securenvoy|webhook` (interface section 1): stand-ins for tests and
// demos.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Runs from the subcommand's callback, once the command line is parsed. The references outlive the parsing.
void add_simulate_command(CLI::App& app, int& exit_code);

}  // namespace sluice
