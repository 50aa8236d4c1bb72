// `sluice version`: the program's version, and the libraries that it runs with.
#pragma once

namespace CLI {
class App;
}

namespace sluice {

void add_version_command(CLI::App& app, int& exit_code);

}  // namespace sluice
