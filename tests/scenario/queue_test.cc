// Who waits for its turn: who has left, what it is told, and how it ends with the gate.
#include <gmock/gmock.h>

#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr const char* kRefusal =
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";

class QueueTest : public GateFixture {
 protected:
  void hold(Millis time) { room().budget->reject(monotonic_now(), monotonic_now() + time); }
  // Has a connection to the vendor that is open and idle.
  void warm_up() {
    client().feed(get());
    vendor().feed(kOk);
    vendor().written.clear();
  }
  // 0: it is not told of any.
  static int64_t told_wait(const MemoryStream& tool) {
    constexpr std::string_view kName = "Sluice-Queued-Ms: ";
    const size_t at = tool.written.find(kName);
    return at == std::string::npos ? 0 : std::atoll(tool.written.c_str() + at + kName.size());
  }
  // Sends it, and checks what it is told of its wait: between the bounds that the test sees from outside.
  void expect_true_wait(const std::string& request) {
    MemoryStream& tool = client();
    const Nanos before = monotonic_now();
    tool.feed(request);
    const Nanos after = monotonic_now();
    Nanos begin = before, end = after;  // of the turn in which it goes
    while (vendors_[0]->written.empty() && end < after + std::chrono::seconds(10)) {
      begin = monotonic_now();
      worker_->loop().turn();
      end = monotonic_now();
    }
    vendor().feed(kOk);
    EXPECT_GE(told_wait(tool), std::chrono::floor<Millis>(begin - after).count());
    EXPECT_LE(told_wait(tool), std::chrono::floor<Millis>(end - before).count());
    EXPECT_EQ(audit_.records.back().queued_ms, told_wait(tool));
    vendor().written.clear();
  }
};

TEST_F(QueueTest, TellsHowLongItHasWaited) {
  start();
  warm_up();
  expect_true_wait(get());
  for (const std::string& request : {get(), post(R"({"group":"x"})")}) {
    hold(Millis(150));
    expect_true_wait(request);
    EXPECT_GE(audit_.records.back().queued_ms, 100);
  }
}

TEST_F(QueueTest, WhoEndsItsSideWhileItIsRecordedHasLeftIfItHasToWait) {
  start();
  warm_up();
  audit_.answers_at_once = false;
  MemoryStream& tool = client();
  tool.feed(post(R"({"group":"x"})"));
  tool.end();
  turn();
  EXPECT_FALSE(tool.released);
  hold(Millis(200));
  audit_.waiting[0].first->on_recorded(audit_.waiting[0].second, true);
  turn();
  EXPECT_TRUE(tool.released);
  EXPECT_EQ(room().scheduler->waiting(), 0u);
  EXPECT_THAT(outcomes(), ElementsAre(AuditType::kRequestForwarded, AuditType::kRequestAttempted,
                                      AuditType::kRequestFailed));
  EXPECT_EQ(audit_.records.back().reason, "the client left");
  EXPECT_EQ(vendor().written, "");
}

// Its client goes with the answer, and with the last client the worker ends: the pacer is still on the stack.
TEST_F(QueueTest, TheLastOneOfADrainMayBeRefusedByThePacer) {
  start();
  MemoryStream& tool = client();
  tool.feed(get());
  vendor();
  tool.end();
  vendor().feed(kRefusal);
  worker_->drain(Millis(600'000));
  turn();
  ASSERT_EQ(room().scheduler->waiting(), 1u);
  worker_->station()->lanes[0]->pacer.reject(Millis(600'000));
  turn_until([&tool] { return tool.released; });
  EXPECT_THAT(tool.written, HasSubstr("wait-too-long"));
}

}  // namespace
}  // namespace sluice
