// `sluice serve`: runs the gate until SIGTERM or SIGINT. Exit 0 after a clean drain, 2 if it cannot start.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace sluice
