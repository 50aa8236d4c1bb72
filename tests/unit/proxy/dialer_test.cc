#include "proxy/net/dialer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/pacing/budget.h"
#include "tests/fixtures/memory_stream.h"

namespace sluice {
namespace {

using testing::ElementsAre;

class DialerTest : public testing::Test, public DialObserver {
 protected:
  DialerTest() {
    resolver_.remember("vendor",
                       {*parse_ip("2001:db8::1"), *parse_ip("2001:db8::2"), *parse_ip("192.0.2.1")});
  }
  ~DialerTest() override {
    dialer_.cancel();
    won_.reset();
    for (const auto& stream : streams_) EXPECT_TRUE(stream->released);
  }

  void on_dialed(StreamPtr stream) override { won_ = std::move(stream); }
  void on_dial_failed(const std::string& reason) override { reason_ = reason; }

  void dial(Millis patience = Millis(60'000)) {
    dialer_.dial({"vendor", 443, nullptr, "", refuse_}, patience);
  }
  void run_until(const std::function<bool()>& done) {
    const Nanos give_up = monotonic_now() + std::chrono::seconds(10);
    while (!done() && monotonic_now() < give_up) loop_.turn();
    EXPECT_TRUE(done());
  }

  EventLoop loop_;
  Resolver resolver_{loop_};
  std::vector<std::string> tried_;
  std::vector<std::unique_ptr<MemoryStream>> streams_;
  const Connector connector_ = [this](EventLoop&, const IpAddress& address, uint16_t) {
    tried_.push_back(to_text(address));
    streams_.push_back(std::make_unique<MemoryStream>());
    return streams_.back()->lend();
  };
  std::function<std::string(const IpAddress&)> refuse_;
  Dialer dialer_{loop_, resolver_, connector_, *this};
  StreamPtr won_;
  std::string reason_;
};

TEST_F(DialerTest, TriesTheNextAddressAtOnceWhenOneFailsAndTheFamiliesInTurns) {
  dial();
  streams_[0]->fail();
  streams_[1]->fail();
  EXPECT_THAT(tried_, ElementsAre("2001:db8::1", "192.0.2.1", "2001:db8::2"));
  EXPECT_EQ(won_, nullptr);
  streams_[2]->connected();
  EXPECT_NE(won_, nullptr);
}

TEST_F(DialerTest, StartsTheNextOneBesideOneThatIsSlowAndTakesTheFirstThatIsUp) {
  dial();
  EXPECT_EQ(tried_.size(), 1u);
  run_until([this] { return tried_.size() == 2; });
  streams_[1]->connected();
  EXPECT_EQ(won_.get(), streams_[1].get());
  EXPECT_TRUE(streams_[0]->released);
  EXPECT_FALSE(streams_[1]->released);
}

TEST_F(DialerTest, SaysWhyTheLastAddressFailed) {
  dial();
  streams_[0]->fail("one");
  streams_[1]->fail("two");
  EXPECT_EQ(reason_, "");
  streams_[2]->fail("three");
  EXPECT_EQ(reason_, "three");
}

TEST_F(DialerTest, TellsAFailureOnlyWhenDialHasReturned) {
  refuse_ = [](const IpAddress&) { return std::string("not there"); };
  dial();
  EXPECT_EQ(reason_, "");
  run_until([this] { return !reason_.empty(); });
  EXPECT_EQ(reason_, "not there");
  EXPECT_TRUE(tried_.empty());
}

TEST_F(DialerTest, EndsWithItsPatience) {
  dial(Millis(30));
  run_until([this] { return !reason_.empty(); });
  EXPECT_EQ(reason_, "no connection in time");
  EXPECT_TRUE(streams_[0]->released);
}

TEST_F(DialerTest, CallsNobodyAfterCancel) {
  dial();
  dialer_.cancel();
  EXPECT_TRUE(streams_[0]->released);
  for (int i = 0; i < 3; ++i) loop_.turn();
  EXPECT_EQ(won_, nullptr);
  EXPECT_EQ(reason_, "");
}

}  // namespace
}  // namespace sluice
