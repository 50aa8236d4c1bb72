// What the waiting room of an API costs: admission and turn of one request while others wait.
// `pacing_bench --turns KIND CLIENTS WAITING TIMES` does both so many times, and prints the nanoseconds of
// each; for counting instructions too. `pacing_bench --sizes` prints octets.
//   equal    the clients have the same weight and share what waits; whose turn has come is admitted again
//   urgent   all that waits is of a batch client, admitted for hours; each time an interactive client's
//            request comes, is admitted for seconds, and goes before them
//   refused  as equal, and each time one comes in vain who would have to wait too long
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "proxy/gate/exchange.h"
#include "proxy/pacing/pacer.h"

namespace sluice {
namespace {

constexpr Nanos kStart = std::chrono::hours(1);

class VirtualClock final : public PaceClock {
 public:
  explicit VirtualClock(Nanos& now) : now_(now) {}
  void set_observer(TimeObserver* observer) override { observer_ = observer; }
  Nanos now() const override { return now_; }
  void arm(Nanos at) override { armed_ = at; }
  void wake() override {}
  // Lets the time come that was armed.
  void fire() {
    now_ = std::max(now_, armed_);
    observer_->on_time();
  }

 private:
  Nanos& now_;
  Nanos armed_ = kStart;
  TimeObserver* observer_ = nullptr;
};

struct Request final : PacedRequest {
  void on_turn() override { *gone = this; }
  void on_refused(int64_t) override {}
  Request** gone = nullptr;
  PaceTerms terms;
};

struct Room {
  Room(const std::vector<double>& weights, size_t waiting)
      : budget(make_local_budget({.rate = 10, .burst = 10}, kStart)),
        scheduler(*budget, {.max_requests = 1'000'000, .total_requests = 1'000'000}, weights),
        requests(waiting + 1) {
    auto owned = std::make_unique<VirtualClock>(now);
    clock = owned.get();
    pacer = std::make_unique<Pacer>(std::move(owned), scheduler);
    for (Request& request : requests) request.gone = &gone;
  }
  void admit(Request& request) {
    if (pacer->admit(request, request.terms).kind != Admission::Kind::kQueued) std::abort();
  }
  void fill(size_t clients, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      requests[i].terms = {.client = i % clients, .max_wait = std::chrono::hours(12), .bytes = 500};
      admit(requests[i]);
    }
  }
  Request& turn() {
    gone = nullptr;
    while (gone == nullptr) clock->fire();
    return *gone;
  }

  Nanos now = kStart;
  std::unique_ptr<Budget> budget;
  Scheduler scheduler;
  VirtualClock* clock = nullptr;
  std::unique_ptr<Pacer> pacer;
  std::vector<Request> requests;
  Request* gone = nullptr;
};

// Prints the nanoseconds of each when its time is over.
class Stopwatch {
 public:
  explicit Stopwatch(size_t times) : times_(times) {}
  ~Stopwatch() {
    std::printf("%.0f\n",
                static_cast<double>((monotonic_now() - start_).count()) / static_cast<double>(times_));
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  size_t times_;
  Nanos start_ = monotonic_now();
};

void share_equally(size_t clients, size_t waiting, size_t times) {
  Room room(std::vector<double>(clients, 1), waiting);
  room.fill(clients, waiting + 1);
  const Stopwatch stopwatch(times);
  for (size_t i = 0; i < times; ++i) room.admit(room.turn());
}

void let_urgent_go_first(size_t clients, size_t waiting, size_t times) {
  std::vector<double> weights(clients, 1);
  weights[1] = 4;
  Room room(weights, waiting);
  Request& urgent = room.requests.back();
  urgent.terms = {.client = 1, .max_wait = std::chrono::seconds(9), .bytes = 500};
  room.fill(1, waiting);
  const Stopwatch stopwatch(times);
  for (size_t i = 0; i < times;) {
    room.admit(urgent);
    // One of the others may have a turn in between.
    for (Request* gone = &room.turn(); gone != &urgent; gone = &room.turn(), ++i) room.admit(*gone);
    ++i;
  }
}

void refuse(size_t clients, size_t waiting, size_t times) {
  Room room(std::vector<double>(clients, 1), waiting);
  room.fill(clients, waiting);
  const PaceTerms hasty{.max_wait = std::chrono::milliseconds(100), .bytes = 500};
  const Stopwatch stopwatch(times);
  for (size_t i = 0; i < times; ++i) {
    if (room.pacer->admit(room.requests.back(), hasty).kind != Admission::Kind::kWaitTooLong) std::abort();
  }
}

int measure(const std::string& kind, size_t clients, size_t waiting, size_t times) {
  if (kind == "equal") share_equally(clients, waiting, times);
  if (kind == "urgent") let_urgent_go_first(clients, waiting, times);
  if (kind == "refused") refuse(clients, waiting, times);
  return 0;
}

size_t allocated() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

int print_sizes() {
  constexpr size_t kClients = 10'000;
  const auto budget = make_local_budget({}, kStart);
  const std::vector<double> weights(kClients, 1);
  const size_t before = allocated();
  const Scheduler scheduler(*budget, {}, weights);
  std::printf(R"({"paced_request": %zu, "exchange": %zu, "idle_client": %.0f})"
              "\n",
              sizeof(PacedRequest), sizeof(Exchange),
              static_cast<double>(allocated() - before) / static_cast<double>(kClients));
  return 0;
}

size_t number(const char* text) { return std::strtoul(text, nullptr, 10); }

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  using namespace sluice;
  if (argc == 6 && std::strcmp(argv[1], "--turns") == 0)
    return measure(argv[2], number(argv[3]), number(argv[4]), number(argv[5]));
  if (argc == 2 && std::strcmp(argv[1], "--sizes") == 0) return print_sizes();
  std::fprintf(stderr, "usage: pacing_bench --turns equal|urgent CLIENTS WAITING TIMES | --sizes\n");
  return 2;
}
