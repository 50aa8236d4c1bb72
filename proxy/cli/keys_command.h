// keys_command: `sluice keys` (interface section 1 and 2.3): seal, list, remove, reseal.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Runs from the subcommand's callback, once the command line is parsed. The references outlive the parsing.
void add_keys_command(CLI::App& app, int& exit_code);

}  // namespace sluice
