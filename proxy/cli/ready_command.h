// ready_command: `sluice ready` (interface section 1), for health checks without a shell.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Runs from the subcommand's callback, once the command line is parsed. The references outlive the parsing.
void add_ready_command(CLI::App& app, int& exit_code);

}  // namespace sluice
