// What tests of commands share: a folder with a configuration and a policy, and a command run in it as the
// command line runs it.
#pragma once

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sluice {

struct Ran {
  int exit_code = -1;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

class CommandFolder : public testing::Test {
 protected:
  CommandFolder(const std::string& config, const std::string& policy) {
    std::string name = testing::TempDir() + "sluice-commands-XXXXXX";
    folder_ = mkdtemp(name.data());
    write("sluice.yaml", config);
    write("policy.yaml", policy);
  }
  ~CommandFolder() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }

  // `add`: adds the commands, as main does.
  template <class Add>
  static Ran run_command(const std::vector<std::string>& arguments, Add add) {
    CLI::App app;
    Ran ran;
    add(app, ran.exit_code);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    ran.out = testing::internal::GetCapturedStdout();
    ran.err = testing::internal::GetCapturedStderr();
    return ran;
  }

 private:
  std::string folder_;
};

}  // namespace sluice
