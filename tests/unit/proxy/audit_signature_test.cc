#include "proxy/audit/signature.h"

#include <gtest/gtest.h>

#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr const char* kSecret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr const char* kBody = R"({"test": 2432232314})";
constexpr int64_t kTime = 1614265330;

using Header = std::pair<std::string, std::string>;

TEST(AuditSignature, SignsTheVectorOfStandardWebhooks) {
  const Header expected{"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="};
  for (const std::string prefix : {"", "whsec_"}) {
    const auto signer = Signer::make(WebhookSignature::kStandard, {Secret(prefix + kSecret)});
    ASSERT_TRUE(signer.ok());
    EXPECT_EQ((*signer).sign(kId, kTime, kBody), expected);
  }
}

TEST(AuditSignature, SignsWithEverySecretNewestFirst) {
  const std::string newer = "whsec_" + base64_encode("0123456789abcdef01234567");
  const auto both = Signer::make(WebhookSignature::kStandard, {Secret(newer), Secret(kSecret)});
  const auto one = Signer::make(WebhookSignature::kStandard, {Secret(newer)});
  ASSERT_TRUE(both.ok() && one.ok());
  EXPECT_EQ((*both).sign(kId, kTime, kBody).second,
            (*one).sign(kId, kTime, kBody).second + " v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(AuditSignature, SignsLikePushWithTheWholeSecretText) {
  const auto signer = Signer::make(WebhookSignature::kPush, {Secret("psws_key")});
  ASSERT_TRUE(signer.ok());
  // printf '%s' '1698349494.{"a":1}' | openssl dgst -sha256 -hmac psws_key
  const Header expected{"X-Signature",
                        "t=1698349494,v1=F2A2C3D569EA0D64061F3C32417C14BFF03F1436407013983FBCAD8215366031"};
  EXPECT_EQ((*signer).sign("ignored", 1698349494, R"({"a":1})"), expected);
}

TEST(AuditSignature, AddsNothingWhenThereIsNoneToMake) {
  const auto signer = Signer::make(WebhookSignature::kNone, {});
  ASSERT_TRUE(signer.ok());
  EXPECT_EQ((*signer).sign(kId, kTime, kBody), Header());
}

TEST(AuditSignature, RefusesASecretThatIsNotBase64WithoutShowingIt) {
  for (const char* bad : {"whsec_", "whsec_not base64", "hunter2!", "whsk_AAAA"}) {
    const auto signer = Signer::make(WebhookSignature::kStandard, {Secret(bad)});
    ASSERT_FALSE(signer.ok()) << bad;
    EXPECT_EQ(signer.error().message.find("hunter2"), std::string::npos);
  }
  EXPECT_FALSE(Signer::make(WebhookSignature::kStandard, {}).ok());
  EXPECT_FALSE(Signer::make(WebhookSignature::kPush, {}).ok());
}

}  // namespace
}  // namespace sluice
