// top_command: `sluice top`: the figures of a running gate in a terminal, drawn anew in place; or once, for
// scripts. What it shows is in top_screen.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

// Runs from the subcommand's callback, once the command line is parsed. The references outlive the parsing.
void add_top_command(CLI::App& app, int& exit_code);

}  // namespace sluice
