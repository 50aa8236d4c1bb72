// The script that Redis runs, called by hand: who pays for what.
#include <gtest/gtest.h>

#include "proxy/pacing/reservation_store.h"
#include "proxy/pacing/token_bucket.h"
#include "redis_server.h"

namespace sluice {
namespace {

constexpr int64_t kStart = 1'760'000'000'000'000;
constexpr int64_t kSecond = 1'000'000;

class Reservation : public testing::Test {
 protected:
  Reservation() {
    script_ = redis_.run({"SCRIPT", "LOAD", std::string(kReservationScript.front().text)}).text;
  }

  // A process of one that are `seats`. It knows what it was last told.
  struct Process {
    std::string name;
    int64_t seats = 1;
    ReservationReply state = unseated();
    int64_t paid = 0;

    static ReservationReply unseated() {
      ReservationReply reply;
      reply.seat = -1;
      return reply;
    }
  };

  // At so many microseconds after the start. Returns when the slots are, counted in the same way.
  std::vector<int64_t> call(Process& process, int64_t time, int64_t want = 0) {
    const TokenBucket shape({10, 10}, Nanos(0));
    ReservationCall call;
    call.process = process.name;
    call.now = kStart + time;
    call.seat = process.state.seat;
    call.want = want;
    call.weight = want > 0 ? 1 : 0;
    call.interval = shape.interval();
    call.tolerance = shape.tolerance();
    call.seats = process.seats;
    call.generation = process.state.generation;
    call.schedule = process.state.schedule;
    call.slowed = shape.interval();
    call.paid = process.paid > 0 ? kStart + process.paid : 0;
    std::vector<std::string> command{"EVALSHA", script_, "1", "sluice:{hand}:limit"};
    for (std::string& argument : to_arguments(call)) command.push_back(std::move(argument));
    const RedisServer::Reply reply = redis_.run(command);
    EXPECT_EQ(reply.error, "");
    const auto parsed = parse_reservation(reply.numbers);
    if (!parsed) return {};
    process.state = *parsed;
    process.paid = 0;
    std::vector<int64_t> slots;
    for (size_t i = 0; i < parsed->slot_count; ++i) slots.push_back(parsed->slots[i] - kStart);
    return slots;
  }

  // Asks for nothing, but is heard.
  void be_heard(Process& process, int64_t from, int64_t until) {
    for (int64_t time = from; time <= until; time += kSecond / 2) call(process, time);
  }

  RedisServer redis_;
  std::string script_;
  const int64_t interval_ = TokenBucket({10, 10}, Nanos(0)).interval().count() / 1'000;
};

TEST_F(Reservation, WhoWasHeardAllTheTimeHasTheWholeBurst) {
  Process process{"one"};
  be_heard(process, 0, 10 * kSecond);
  const auto slots = call(process, 10 * kSecond, 5);
  EXPECT_EQ(slots, std::vector<int64_t>(5, 10 * kSecond));
}

TEST_F(Reservation, WhoWasSilentPaysForWhatItMayHaveSentAlone) {
  Process process{"one"};
  be_heard(process, 0, 10 * kSecond);
  const auto slots = call(process, 20 * kSecond, 3);
  ASSERT_EQ(slots.size(), 3U);
  for (size_t i = 0; i < slots.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(slots[i]),
                static_cast<double>(20 * kSecond + static_cast<int64_t>(i + 1) * interval_), 4);
  }
}

TEST_F(Reservation, WhoHasTakenAPlaceThatIsYetToComePaysForThat) {
  Process process{"one"};
  be_heard(process, 0, 10 * kSecond);
  process.paid = 20 * kSecond + 250'000;
  const auto slots = call(process, 20 * kSecond, 1);
  ASSERT_EQ(slots.size(), 1U);
  EXPECT_NEAR(static_cast<double>(slots[0]), static_cast<double>(20 * kSecond + 250'000 + interval_), 4);
}

TEST_F(Reservation, AnHeirPaysForWhatItsPredecessorMayHaveSentAlone) {
  Process process{"one"};
  be_heard(process, 0, 10 * kSecond);
  Process heir{"two"};
  call(heir, 20 * kSecond);  // has a look
  const auto slots = call(heir, 20 * kSecond + 1'000, 1);
  ASSERT_EQ(slots.size(), 1U);
  EXPECT_NEAR(static_cast<double>(slots[0]), static_cast<double>(20 * kSecond + interval_), 4);
}

}  // namespace
}  // namespace sluice
