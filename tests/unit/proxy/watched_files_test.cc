#include "proxy/gate/watched_files.h"

#include <gmock/gmock.h>

#include "config/config_reader.h"

namespace sluice {
namespace {

// Every key that names a file, but for those that whoever needs them reads anew.
constexpr const char* kAll = R"yaml(
version: 1
listen:
  - address: 127.0.0.1:1
    tls: { certificate: /f/1, private_key: /f/2, client_ca: /f/3, by_name: [ { certificate: /f/4, private_key: /f/5 } ] }
connect: { address: "127.0.0.1:2", ca: { certificate: /f/6, private_key: /f/7 } }
apis:
  push:
    catalogue: /f/8
    upstream: https://push.example
    credential: { read: { file: /f/9 }, full: [ { file: /f/10 }, { file: /f/11 } ] }
    upstream_tls: { ca: /f/12, certificate: /f/13, private_key: /f/14 }
identity:
  jwt: [ { issuer: a, audience: b, jwks: { url: "https://a.example/", tls: { ca: /f/15 } } } ]
clients:
  soar: { token: { file: /f/16 } }
policy: /f/17
rate_limit_store: { redis: "rediss://r.example", password: { file: /f/18 }, ca: /f/19, replicas: 2 }
sealed_keys: { path: /f/20, master: { file: /f/21 } }
vault: { address: "https://v.example", token: { file: /f/22 }, tls: { ca: /f/23 } }
audit:
  checkpoint_key: { file: /f/24 }
  capture_salt: { file: /f/25 }
  webhooks:
    - { name: w, url: "https://w.example/", secret: { file: /f/26 }, headers: { A: { file: /f/27 } }, tls: { ca: /f/28 } }
)yaml";

TEST(WatchedFiles, AreAllThatTheConfigurationNamesEachOnce) {
  Findings findings;
  const auto config = read_config(kAll, "/f/0", findings);
  for (const Finding& finding : findings.all()) ADD_FAILURE() << to_text(finding);
  ASSERT_TRUE(config);
  std::vector<std::string> expected;
  for (int i = 0; i <= 28; ++i) expected.push_back("/f/" + std::to_string(i));
  EXPECT_THAT(watched_files(*config), testing::UnorderedElementsAreArray(expected));
  EXPECT_EQ(watched_files(*config).front(), "/f/0");
}

TEST(WatchedFiles, AreNoBuiltInCatalogues) {
  Config config;
  config.apis.emplace_back().catalogue = "push";
  EXPECT_THAT(watched_files(config), testing::IsEmpty());
}

}  // namespace
}  // namespace sluice
