#include "proxy/gate/identity.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sluice {
namespace {

class NoStream final : public ByteStream {
 public:
  ~NoStream() override = default;
  void set_observer(StreamObserver*) override {}
  void write(std::span<const std::string_view>) override {}
  size_t unsent() const override { return 0; }
  void set_reading(bool) override {}
  void finish_writing() override {}
  bool peer_has_san(std::string_view name) const override { return name == san; }
  std::optional<Sha256> peer_certificate_sha256() const override { return certificate; }
  std::string san;
  std::optional<Sha256> certificate;

 private:
  void release() override {}
};

class IdentityTest : public testing::Test {
 protected:
  void SetUp() override {
    std::vector<ClientConfig> clients(4);
    clients[0].name = "soar";
    clients[0].token_sha256 = {sha256("token-a"), sha256("token-b")};
    clients[1].name = "siem";
    setenv("IDENTITY_TEST_TOKEN", "token-c", 1);
    clients[1].tokens = {{SecretRef::Kind::kEnv, "IDENTITY_TEST_TOKEN", {}}};
    clients[2].name = "machine";
    clients[2].certificate_san = "machine.internal";
    clients[3].name = "pinned";
    clients[3].certificate_fingerprint = sha256("certificate");
    clients[3].token_sha256 = {{sha256("token-e"), kNow},
                               {sha256("token-f"), kNow + std::chrono::seconds(1)}};
    auto resolved = Identity::resolve(clients);
    ASSERT_TRUE(resolved) << resolved.error().message;
    identity_ = std::move(*resolved);
  }

  Identity::Answer ask(const std::string& fields, std::string_view header = "x-api-key") {
    text_ = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    RequestHead head;
    EXPECT_EQ(parse_request_head(text_, HeadLimits{}, head), HeadError::kNone);
    return identity_.identify(head.fields, header, stream_, {}, kNow);
  }

  static constexpr Identity::Time kNow{std::chrono::seconds(1'800'000'000)};

  Identity identity_;
  NoStream stream_;
  std::string text_;
};

TEST_F(IdentityTest, FindsTheTokenWhereToolsPutIt) {
  EXPECT_EQ(ask("x-api-key: token-a\r\n").client, 0u);
  EXPECT_EQ(ask("X-API-KEY: token-b\r\n").client, 0u);
  EXPECT_EQ(ask("Authorization: Bearer token-c\r\n").client, 1u);
  EXPECT_EQ(ask("Authorization: bearer  token-c\r\n").client, 1u);
  EXPECT_EQ(ask("Authorization: APIKEY token-c\r\n").client, 1u);
  EXPECT_EQ(ask("Authorization: APIKEY dG9rZW4tYw==\r\n").client, 1u);
  EXPECT_EQ(ask("vendor-key: token-c\r\n", "vendor-key").client, 1u);
}

TEST_F(IdentityTest, RefusesEverythingElse) {
  for (const char* fields : {"", "x-api-key: token-d\r\n", "x-api-key:\r\n", "x_api_key: token-a\r\n",
                             "Authorization: token-a\r\n", "Authorization: Basic token-a\r\n",
                             "Authorization: Bearer\r\n", "Authorization: Bearer dG9rZW4tYw==\r\n",
                             "Proxy-Authorization: Bearer token-a\r\n", "x-api-key: token-a \x80\r\n"}) {
    EXPECT_FALSE(ask(fields).client) << fields;
    EXPECT_NE(ask(fields).why, AuthFailure::kNone) << fields;
  }
}

TEST_F(IdentityTest, TakesTheHeaderOfTheApiHoweverItIsConfigured) {
  EXPECT_EQ(ask("Vendor-Key: token-c\r\n", "Vendor-Key").client, 1u);
  EXPECT_EQ(ask("vendor-key: token-c\r\n", "Vendor-Key").client, 1u);
  EXPECT_EQ(ask("api_key: token-c\r\n", "api_key").client, 1u);
  EXPECT_FALSE(ask("vendor_key: token-c\r\n", "Vendor-Key").client);
  EXPECT_FALSE(ask("api_key: token-c\r\napi-key: token-c\r\n", "api_key").client);
}

TEST_F(IdentityTest, RefusesTwoCredentialsEvenOfOneClient) {
  EXPECT_FALSE(ask("x-api-key: token-a\r\nx-api-key: token-a\r\n").client);
  EXPECT_FALSE(ask("x-api-key: token-a\r\nAuthorization: Bearer token-a\r\n").client);
  EXPECT_FALSE(ask("x-api-key: token-a\r\nx_api_key: token-a\r\n").client);
}

TEST_F(IdentityTest, TakesAVerifiedCertificateWhereNoTokenIsSent) {
  stream_.san = "machine.internal";
  EXPECT_EQ(ask("").client, 2u);
  EXPECT_EQ(ask("x-api-key: token-a\r\n").client, 0u);
  EXPECT_FALSE(ask("x-api-key: wrong\r\n").client);
}

TEST_F(IdentityTest, TakesAVerifiedCertificateByItsFingerprint) {
  stream_.certificate = sha256("certificate");
  EXPECT_EQ(ask("").client, 3u);
  stream_.certificate = sha256("another");
  EXPECT_EQ(ask("").why, AuthFailure::kNoCredential);
}

TEST_F(IdentityTest, RefusesATokenFromItsExpiryOn) {
  EXPECT_EQ(ask("x-api-key: token-f\r\n").client, 3u);
  EXPECT_EQ(ask("x-api-key: token-e\r\n").why, AuthFailure::kExpiredToken);
  EXPECT_EQ(ask("Authorization: Bearer token-e\r\n").why, AuthFailure::kExpiredToken);
  EXPECT_EQ(ask("Authorization: APIKEY dG9rZW4tZQ==\r\n").why, AuthFailure::kExpiredToken);
  EXPECT_EQ(ask("x-api-key: token-g\r\n").why, AuthFailure::kUnknownToken);
}

TEST_F(IdentityTest, TakesWhatLooksLikeAJwtForATokenWhereNoIssuerIsKnown) {
  EXPECT_EQ(ask("Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.e30.AA\r\n").why, AuthFailure::kUnknownToken);
}

TEST(Identity, RefusesOneTokenForTwoClients) {
  std::vector<ClientConfig> clients(2);
  clients[0].name = "a";
  clients[1].name = "b";
  clients[0].token_sha256 = clients[1].token_sha256 = {sha256("same")};
  const auto resolved = Identity::resolve(clients);
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().message, "clients a and b have the same token");
}

}  // namespace
}  // namespace sluice
