#include "config/secret_refs.h"

#include <gtest/gtest.h>

#include <set>

#include "config/config_reader.h"
#include "config/yaml_reader.h"

namespace sluice {
namespace {

TEST(SecretRefs, VisitsEveryPlaceWhereASecretMayStand) {
  const std::string path = std::string(SLUICE_SOURCE_DIR) +
                           "/tests/config_cases/a-sealed-secret-may-stand-wherever-a-secret-may.yaml";
  Findings findings;
  const auto config = read_config_file(path, findings);
  ASSERT_TRUE(config);
  std::set<std::string> visited;
  for_each_secret_ref(*config, [&visited](const SecretRef& ref, std::string_view what) {
    if (ref.kind == SecretRef::Kind::kSealed)
      visited.insert(std::string(what) + ": { " + "sealed: " + ref.name);
  });
  EXPECT_EQ(visited.size(), 11U);
  const std::string text = *read_file(path);
  for (size_t at = text.find("{ sealed: "); at != std::string::npos; at = text.find("{ sealed: ", at + 1)) {
    const std::string name = text.substr(at + 10, text.find(' ', at + 10) - at - 10);
    bool found = false;
    for (const std::string& place : visited) found = found || place.ends_with("sealed: " + name);
    EXPECT_TRUE(found) << name;
  }
}

}  // namespace
}  // namespace sluice
