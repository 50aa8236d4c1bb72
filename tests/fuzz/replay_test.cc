// Runs every fuzz target over the files of its corpus, without libFuzzer: what was found once stays found.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "config/yaml_reader.h"
#include "tests/fuzz/fuzz.h"

// The build lists the targets: TARGET(json) TARGET(path) ...
#define TARGET(name) extern "C" int run_##name##_fuzz(const uint8_t* data, size_t size);
FUZZ_TARGETS
#undef TARGET

namespace sluice {
namespace {

using Run = int (*)(const uint8_t* data, size_t size);

void run_file(Run run, const std::filesystem::path& path) {
  const Result<std::string> text = read_file(path.string());
  ASSERT_TRUE(text.ok()) << text.error().message;
  // A copy of the exact size, so that a sanitizer sees what reads on.
  const std::vector<uint8_t> octets(text->begin(), text->end());
  try {
    run(octets.data(), octets.size());
  } catch (const std::exception& broken) {
    ADD_FAILURE() << path.filename() << ": does not hold: " << broken.what();
  }
}

void replay(const std::string& name, Run run) {
  run(nullptr, 0);
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/tests/fuzz/corpus/" + name))
    files.push_back(entry.path());
  EXPECT_FALSE(files.empty()) << "no corpus";
  std::sort(files.begin(), files.end());
  for (const auto& path : files) run_file(run, path);
}

#define TARGET(name) \
  TEST(EveryInputHolds, name) { replay(#name, run_##name##_fuzz); }
FUZZ_TARGETS
#undef TARGET

}  // namespace
}  // namespace sluice
