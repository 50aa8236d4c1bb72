// diff_command: `sluice diff` (interface section 1).
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Runs from the subcommand's callback, once the command line is parsed. The references outlive the parsing.
void add_diff_command(CLI::App& app, int& exit_code);

}  // namespace sluice
