// What a waiting room says of itself, in virtual time; and how it is shown.
#include <gtest/gtest.h>

#include "pacer_fixture.h"
#include "proxy/gate/capacity.h"
#include "proxy/pacing/sent_window.h"

namespace sluice::pacer_fixture {
namespace {

class PaceFiguresTest : public PacerTest {
 protected:
  PaceFigures figures() const { return scheduler->figures(time.now); }
  // Lets a newcomer in, and returns how long it waits.
  Nanos wait_of_newcomer(size_t client) {
    const Nanos before = time.now;
    Nanos sent_at{0};
    Request request([&] { sent_at = time.now; });
    const Admission admission = admit(request, client);
    if (admission.kind == Admission::Kind::kGo) return Nanos(0);
    EXPECT_EQ(admission.kind, Admission::Kind::kQueued);
    time.run_for(seconds(60));
    return sent_at - before;
  }
};

TEST_F(PaceFiguresTest, AreZeroWhenNothingHappens) {
  start({10, 10});
  const PaceFigures got = figures();
  EXPECT_EQ(got.sent, 0);
  EXPECT_EQ(got.waiting, 0u);
  EXPECT_EQ(got.oldest, Nanos(0));
  EXPECT_EQ(got.held, Nanos(0));
  EXPECT_EQ(got.wait, Nanos(0));
  EXPECT_TRUE(got.clients.empty());
}

TEST_F(PaceFiguresTest, CountWhatGoesAtOnceAndWhatGoesLater) {
  start({10, 10}, queue_of(1'000, seconds(9)));
  spend_burst();
  fill(0);
  fill(1);
  const size_t waiting = figures().waiting;
  EXPECT_EQ(figures().sent, 5);
  EXPECT_GT(waiting, 50u);
  time.run_for(seconds(2));
  const PaceFigures got = figures();
  EXPECT_NEAR(got.sent, 25, 2);
  EXPECT_EQ(got.waiting, waiting + 5 - static_cast<size_t>(got.sent));
  ASSERT_EQ(got.clients.size(), 2u);
  EXPECT_EQ(got.clients[0].sent + got.clients[1].sent, got.sent);
  EXPECT_EQ(got.clients[0].waiting + got.clients[1].waiting, got.waiting);
  EXPECT_NEAR(static_cast<double>(got.oldest.count()) / 1e9, 2, 0.01);
}

TEST_F(PaceFiguresTest, ForgetWhatIsOlderThanTenSeconds) {
  start({10, 10});
  spend_burst();
  time.run_for(seconds(9));
  EXPECT_EQ(figures().sent, 5);
  time.run_for(milliseconds(1'500));
  EXPECT_NEAR(figures().sent, 2.5, 0.01) << "half of the second in which they went is over";
  time.run_for(seconds(1));
  EXPECT_EQ(figures().sent, 0);
  EXPECT_TRUE(figures().clients.empty());
}

TEST_F(PaceFiguresTest, CountAWriteThatWasNotReadyAtFirst) {
  start({10, 10});
  Request request;
  PaceTerms unready = terms(2, seconds(9));
  unready.ready = false;
  EXPECT_EQ(pacer->admit(request, unready).kind, Admission::Kind::kQueued);
  EXPECT_EQ(figures().sent, 0);
  EXPECT_TRUE(pacer->ready(request));
  EXPECT_EQ(figures().sent, 1);
  ASSERT_EQ(figures().clients.size(), 1u);
  EXPECT_EQ(figures().clients[0].slot, 2u);
}

TEST_F(PaceFiguresTest, CountTheVendorsRejectionsAndItsHold) {
  start({10, 10});
  pacer->reject(seconds(3));
  pacer->reject(seconds(3));
  const PaceFigures got = figures();
  EXPECT_EQ(got.rejections, 2u);
  EXPECT_EQ(got.held, seconds(3));
  ASSERT_TRUE(got.wait);
  EXPECT_GE(*got.wait, seconds(3));
  time.run_for(seconds(4));
  EXPECT_EQ(figures().held, Nanos(0));
}

TEST_F(PaceFiguresTest, SayHowLongANewcomerThenWaits) {
  for (const size_t others : {0, 1, 2}) {
    start({10, 10}, queue_of(1'000, seconds(9)));
    spend_burst();
    for (size_t client = 0; client < others; ++client) fill(client);
    for (int i = 0; i < 20; ++i) {
      time.run_for(milliseconds(137));
      const auto shown = figures().wait;
      ASSERT_TRUE(shown);
      if (i < 19) continue;
      EXPECT_NEAR(static_cast<double>(wait_of_newcomer(2).count()), static_cast<double>(shown->count()), 2e6)
          << others;
    }
  }
}

TEST_F(PaceFiguresTest, CountWhoIsInLineBeforeANewcomer) {
  start({10, 10}, queue_of(1'000, seconds(9)));
  spend_burst();
  for (const size_t client : {0, 0, 0, 1, 1}) {
    crowd.emplace_back();
    ASSERT_EQ(admit(crowd.back(), client).kind, Admission::Kind::kQueued);
  }
  const auto shown = figures().wait;
  ASSERT_TRUE(shown);
  EXPECT_NEAR(static_cast<double>(shown->count()), 2e8, 2e6) << "the first of client 1 goes before it";
  EXPECT_NEAR(static_cast<double>(wait_of_newcomer(2).count()), static_cast<double>(shown->count()), 2e6);
}

TEST_F(PaceFiguresTest, SayHowLongANewcomerWaitsForAHold) {
  start({10, 10}, queue_of(1'000, seconds(9)));
  pacer->reject(seconds(3));
  const auto shown = figures().wait;
  ASSERT_TRUE(shown);
  EXPECT_NEAR(static_cast<double>(wait_of_newcomer(0).count()), static_cast<double>(shown->count()), 2e6);
}

TEST_F(PaceFiguresTest, LeaveNothingOfAClientWhosePlaceIsAnothers) {
  start({10, 10});
  spend_burst();
  scheduler->forget_client(0);
  EXPECT_TRUE(figures().clients.empty());
  EXPECT_EQ(figures().sent, 5) << "the vendor has got them all the same";
  scheduler->forget_client(1'000);
}

TEST(SentWindow, SumsUpTheLastTenSeconds) {
  SentWindow window;
  Nanos now = seconds(5'000);
  EXPECT_EQ(window.recent(now), 0);
  for (int i = 0; i < 400; ++i, now += milliseconds(100)) window.add(now);
  EXPECT_NEAR(window.recent(now), 100, 0.01);
  EXPECT_NEAR(window.recent(now + milliseconds(3'500)), 65, 0.01);
  EXPECT_EQ(window.recent(now + seconds(11)), 0);
  EXPECT_EQ(window.recent(now + seconds(100'000)), 0);
}

TEST(SentWindow, BearsTimesOutOfOrder) {
  SentWindow window;
  window.add(seconds(100));
  window.add(seconds(99));
  EXPECT_EQ(window.recent(seconds(99)), 2);
  EXPECT_EQ(window.recent(seconds(100)), 2);
}

TEST(Capacity, NamesWhoCausesTheWait) {
  PaceFigures figures;
  figures.sent = 100;
  figures.waiting = 52;
  figures.wait = milliseconds(100);
  figures.clients = {{0, 2, 80}, {1, 50, 20}, {2, 0, 0.5}};
  const Capacity got = make_capacity(figures, 10, {"soar", "siem", "edr"});
  EXPECT_EQ(got.busiest, "soar");
  EXPECT_EQ(got.in_use, 1);
  EXPECT_EQ(got.per_second, 10);
  ASSERT_EQ(got.clients.size(), 3u);
  EXPECT_EQ(got.clients[1].name, "siem");
  EXPECT_EQ(got.clients[1].share, 0.2);
  EXPECT_EQ(got.clients[1].per_second, 2);
  EXPECT_EQ(got.clients[1].waiting, 50u);
}

TEST(Capacity, NamesNobodyWhenNobodyWaits) {
  PaceFigures figures;
  figures.sent = 10;
  figures.wait = Nanos(0);
  figures.clients = {{0, 0, 10}};
  EXPECT_EQ(make_capacity(figures, 10, {"soar"}).busiest, "");
  figures.wait = std::nullopt;
  EXPECT_EQ(make_capacity(figures, 10, {"soar"}).busiest, "soar");
}

TEST(Capacity, LeavesOutWhoIsNotConfiguredAnyMore) {
  PaceFigures figures;
  figures.sent = 10;
  figures.waiting = 1;
  figures.clients = {{0, 0, 6}, {1, 1, 4}, {7, 3, 0}};
  const Capacity got = make_capacity(figures, 2, {"", "siem"});
  ASSERT_EQ(got.clients.size(), 1u);
  EXPECT_EQ(got.clients[0].name, "siem");
  EXPECT_EQ(got.clients[0].share, 0.4);
  EXPECT_EQ(got.busiest, "siem");
  EXPECT_EQ(got.in_use, 0.5);
}

TEST(Capacity, ShowsTheTwentyThatSendMostAndThoseThatWaitMost) {
  PaceFigures figures;
  std::vector<std::string> names;
  for (size_t i = 0; i < 100; ++i) {
    names.push_back("c" + std::to_string(i));
    figures.clients.push_back({i, i == 3 ? 9u : 0u, static_cast<double>(i)});
    figures.sent += static_cast<double>(i);
  }
  const Capacity got = make_capacity(figures, 1'000, names);
  ASSERT_EQ(got.clients.size(), 21u);
  EXPECT_EQ(got.clients.front().name, "c99");
  EXPECT_EQ(got.clients[19].name, "c80");
  EXPECT_EQ(got.clients.back().name, "c3");
  EXPECT_EQ(got.clients.back().waiting, 9u);
}

}  // namespace
}  // namespace sluice::pacer_fixture
