#include "proxy/gate/proxy_authorization.h"

#include <gtest/gtest.h>

#include "proxy/crypto.h"

namespace sluice {
namespace {

class ProxyAuthorizationTest : public testing::Test {
 protected:
  void SetUp() override {
    clients_.resize(2);
    clients_[0].name = "soar";
    clients_[0].token_sha256 = {{sha256("token:a")}};
    clients_[1].name = "siem";
    clients_[1].token_sha256 = {{sha256("token-b")}};
    auto resolved = Identity::resolve(clients_);
    ASSERT_TRUE(resolved);
    identity_ = std::move(*resolved);
  }

  // The index of the client, -1 when there is no credential, -2 when it is wrong.
  int ask(const std::string& fields) {
    const std::string text = "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    RequestHead head;
    EXPECT_EQ(parse_connect_head(text, HeadLimits{}, head), HeadError::kNone);
    credential_ = read_proxy_credential(head.fields);
    if (!credential_.given) return -1;
    const Identity::Answer answer = identify_opener(identity_, clients_, credential_, {}, {});
    why_ = answer.why;
    return answer.client ? static_cast<int>(*answer.client) : -2;
  }
  int ask_basic(const std::string& pair) {
    return ask("Proxy-Authorization: basic " + base64_encode(pair) + "\r\n");
  }
  std::optional<size_t> ask_inside(const std::string& fields,
                                   const std::string& vendor_header = "x-vendor-key") {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
    RequestHead head;
    EXPECT_EQ(parse_request_head(text, HeadLimits{}, head), HeadError::kNone);
    const Identity::Answer answer =
        identify_in_tunnel(identity_, clients_, credential_, head.fields, vendor_header, {}, {});
    why_ = answer.why;
    return answer.client;
  }

  std::vector<ClientConfig> clients_;
  Identity identity_;
  ProxyCredential credential_;
  AuthFailure why_ = AuthFailure::kNone;
};

TEST_F(ProxyAuthorizationTest, IsAToken) {
  EXPECT_EQ(ask("Proxy-Authorization: Bearer token-b\r\n"), 1);
  EXPECT_TRUE(credential_.token.equals("token-b"));
}

TEST_F(ProxyAuthorizationTest, IsAPasswordOfAnyUserThatIsNoOtherClient) {
  EXPECT_EQ(ask_basic("anybody:token-b"), 1);
  EXPECT_EQ(ask_basic(":token-b"), 1);
  EXPECT_EQ(ask_basic("siem:token-b"), 1);
  EXPECT_EQ(ask_basic("soar:token:a"), 0);  // a password may hold a colon
  EXPECT_EQ(ask_basic("soar:token-b"), -2);
  EXPECT_EQ(why_, AuthFailure::kOtherUser);
}

TEST_F(ProxyAuthorizationTest, MayBeLeftOut) {
  EXPECT_EQ(ask("Authorization: Bearer token-b\r\nProxy_Authorization: Bearer token-b\r\n"), -1);
  EXPECT_TRUE(credential_.token.empty());
}

TEST_F(ProxyAuthorizationTest, IsWrongOtherwise) {
  for (const std::string field : {"", "Bearer", "Bearer wrong", "Basic", "Basic x", "Basic dG9rZW4tYg==",
                                  "Basic eDo=", "Digest token-b", "token-b", "Bearer token-b token-b"}) {
    EXPECT_EQ(ask("Proxy-Authorization: " + field + "\r\n"), -2) << field;
  }
  EXPECT_EQ(ask("Proxy-Authorization: Bearer token-b\r\nProxy-Authorization: Bearer token-b\r\n"), -2);
}

TEST_F(ProxyAuthorizationTest, LetsTheRequestsInsideHoldWhateverIsNoOtherClientsToken) {
  ASSERT_EQ(ask("Proxy-Authorization: Bearer token:a\r\n"), 0);
  EXPECT_EQ(ask_inside(""), 0U);
  EXPECT_EQ(ask_inside("x-api-key: dummy\r\nAuthorization: Basic eA==\r\n"), 0U);
  EXPECT_EQ(ask_inside("x-api-key: token:a\r\n"), 0U);  // its own
  for (const std::string fields :
       {"x-api-key: token-b", "x-vendor-key: token-b", "Authorization: Bearer token-b",
        "x-api-key: dummy\r\nAuthorization: APIKEY dG9rZW4tYg=="}) {
    EXPECT_EQ(ask_inside(fields + "\r\n"), std::nullopt) << fields;
    EXPECT_EQ(why_, AuthFailure::kOtherClient);
  }
}

// A token that a reload has taken away opens nothing any more, in open tunnels too.
TEST_F(ProxyAuthorizationTest, IsAskedForAgainWithEachRequest) {
  ASSERT_EQ(ask("Proxy-Authorization: Bearer token:a\r\n"), 0);
  clients_[0].token_sha256 = {{sha256("another")}};
  identity_ = *Identity::resolve(clients_);
  EXPECT_EQ(ask_inside("x-api-key: token-b\r\n"), std::nullopt);
  EXPECT_EQ(why_, AuthFailure::kUnknownToken);
}

}  // namespace
}  // namespace sluice
