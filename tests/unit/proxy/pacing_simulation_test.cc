// The waiting room as it is, on virtual time: clients and vendors of many kinds, an hour at a time. Prints
// what it measures.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <list>
#include <random>

#include "pacing_time.h"
#include "proxy/pacing/pacer.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kStart = seconds(1'000);
constexpr Nanos kHour = seconds(3'600);
constexpr RateLimit kLimit{10, 10};

double seconds_of(Nanos time) { return std::chrono::duration<double>(time).count(); }

// A vendor's way to read "10 a second, and 10 at once": whether it would accept all of these.
using Reading = std::function<int(const std::vector<Nanos>&)>;

// Rejections of a bucket so deep, empty at the start, whose clock runs 1000 ppm slow.
int rejected_by_bucket(const std::vector<Nanos>& arrivals, double depth) {
  double level = 0;
  Nanos last = kStart;
  int rejected = 0;
  for (const Nanos at : arrivals) {
    level = std::min(depth, level + seconds_of(at - last) * 10 / 1.001);
    last = at;
    if (level < 1 - 1e-6) {
      ++rejected;
    } else {
      level -= 1;
    }
  }
  return rejected;
}

// Rejections of a counter of 20 in each second of the clock.
int rejected_by_window(const std::vector<Nanos>& arrivals) {
  int rejected = 0;
  int count = 0;
  Nanos window{0};
  for (const Nanos at : arrivals) {
    const Nanos now = std::chrono::floor<seconds>(at);
    if (now != window) count = 0;
    window = now;
    if (++count > 20) ++rejected;
  }
  return rejected;
}

class Room {
 public:
  Room(const std::vector<double>& weights, Millis max_wait, uint64_t seed = 1)
      : random(seed), max_wait_(max_wait), clients_(weights.size()) {
    QueueConfig config;
    config.max_requests = 10'000;
    budget_ = make_local_budget(kLimit, kStart);
    scheduler_ = std::make_unique<Scheduler>(*budget_, config, weights);
    for (int i = 0; i < 2; ++i) pacers_.push_back(std::make_unique<Pacer>(time.make_clock(), *scheduler_));
    time.lateness = [this] { return below(1'000) == 0 ? up_to(milliseconds(200)) : up_to(milliseconds(2)); };
  }

  struct Served {
    Nanos waited;
    bool late;
    int tries;
  };

  uint64_t below(uint64_t bound) { return random() % bound; }
  Nanos up_to(Nanos most) {
    return Nanos(static_cast<int64_t>(below(static_cast<uint64_t>(most.count()) + 1)));
  }
  Nanos exponential(Nanos mean) {
    return Nanos(std::llround(std::exponential_distribution(1 / static_cast<double>(mean.count()))(random)));
  }

  // One request; comes back when it is told to, if it is refused. `then`: once it was sent.
  void send(
      size_t client, Millis max_wait, int tries = 1, std::function<void()> then = [] {}) {
    auto& request = requests_.emplace_back(*this, client, max_wait, tries, std::move(then));
    request.place = std::prev(requests_.end());
    const Admission admission = pacers_[below(2)]->admit(request, {client, max_wait, 1'000, true});
    if (admission.kind == Admission::Kind::kGo) return request.on_turn();
    if (admission.retry_after > 0) return request.on_refused(admission.retry_after);
  }
  void send(size_t client) { send(client, max_wait_); }
  // Always has so many waiting.
  void keep_sending(size_t client, int at_once) {
    for (int i = 0; i < at_once; ++i) send_again(client);
  }
  // At random times.
  void send_now_and_then(size_t client, Nanos mean) {
    time.after(exponential(mean), [this, client, mean] {
      send(client);
      send_now_and_then(client, mean);
    });
  }

  const std::vector<Served>& served(size_t client) const { return clients_[client]; }
  Nanos wait_at(size_t client, double part) const {
    std::vector<Nanos> waits;
    for (const Served& one : clients_[client]) waits.push_back(one.waited);
    std::sort(waits.begin(), waits.end());
    return waits.at(static_cast<size_t>(part * static_cast<double>(waits.size() - 1)));
  }

  Time time{kStart};
  std::mt19937_64 random;
  std::vector<Nanos> arrivals;  // at the vendor
  Nanos jitter = milliseconds(200);

 private:
  struct Request final : PacedRequest {
    Request(Room& in, size_t of, Millis wait, int nth, std::function<void()> done)
        : room(in), client(of), max_wait(wait), tries(nth), then(std::move(done)), came(in.time.now) {}
    void on_turn() override {
      const Nanos waited = room.time.now - came;
      room.arrivals.push_back(room.time.now + room.up_to(room.jitter));
      room.clients_[client].push_back({waited, waited > max_wait, tries});
      end();
    }
    void on_refused(int64_t retry_after) override {
      room.time.after(seconds(retry_after),
                      [&room = room, client = client, max_wait = max_wait, tries = tries, then = then] {
                        room.send(client, max_wait, tries + 1, then);
                      });
      then = [] {};
      end();
    }
    void end() {
      const auto next = std::move(then);
      room.time.after(Nanos(0), [&room = room, place = place] { room.requests_.erase(place); });
      next();
    }

    Room& room;
    size_t client;
    Millis max_wait;
    int tries;
    std::function<void()> then;
    Nanos came;
    std::list<Request>::iterator place;
  };

  void send_again(size_t client) {
    send(client, max_wait_, 1, [this, client] { send_again(client); });
  }

  Millis max_wait_;
  std::vector<std::vector<Served>> clients_;
  std::unique_ptr<Budget> budget_;
  std::unique_ptr<Scheduler> scheduler_;
  std::vector<std::unique_ptr<Pacer>> pacers_;
  std::list<Request> requests_;
};

TEST(PacingSimulation, UsesTheLimitForAnHourHoweverTheVendorReadsIt) {
  Room room({1, 1}, Millis(9'000));
  room.keep_sending(0, 20);
  room.keep_sending(1, 20);
  room.time.run_for(kHour);
  std::sort(room.arrivals.begin(), room.arrivals.end());
  const double used = static_cast<double>(room.arrivals.size()) / 36'000;
  std::cout << "one replica, saturated for an hour: " << used * 100
            << " % of the limit; 429s of a bucket of 10, 11, 20: " << rejected_by_bucket(room.arrivals, 10)
            << ", " << rejected_by_bucket(room.arrivals, 11) << ", " << rejected_by_bucket(room.arrivals, 20)
            << "; of a window of 20: " << rejected_by_window(room.arrivals) << "\n";
  EXPECT_EQ(rejected_by_bucket(room.arrivals, 10), 0);
  EXPECT_EQ(rejected_by_bucket(room.arrivals, 11), 0);
  EXPECT_EQ(rejected_by_bucket(room.arrivals, 20), 0);
  EXPECT_EQ(rejected_by_window(room.arrivals), 0);
  EXPECT_GE(used, 0.995);
}

TEST(PacingSimulation, AnInteractiveToolHardlyWaitsBesideAThousandOfABatch) {
  Room room({1, 4}, Millis(600'000));
  room.keep_sending(0, 1'000);
  room.send_now_and_then(1, seconds(1));
  room.time.run_for(kHour);
  std::cout << "beside 1,000 waiting requests, one a second waits p50 " << seconds_of(room.wait_at(1, 0.5))
            << " s, p99 " << seconds_of(room.wait_at(1, 0.99)) << " s, longest "
            << seconds_of(room.wait_at(1, 1)) << " s\n";
  EXPECT_LE(room.wait_at(1, 0.99), milliseconds(500));
  EXPECT_LE(room.wait_at(1, 1), seconds(1));
}

TEST(PacingSimulation, EqualClientsGetEqualShares) {
  Room room(std::vector<double>(8, 1), Millis(60'000));
  for (size_t client = 0; client < 8; ++client) room.keep_sending(client, 4 + static_cast<int>(client) * 5);
  room.time.run_for(kHour);
  double sum = 0, squares = 0;
  for (size_t client = 0; client < 8; ++client) {
    const auto count = static_cast<double>(room.served(client).size());
    sum += count;
    squares += count * count;
  }
  const double jain = sum * sum / (8 * squares);
  std::cout << "Jain's index of eight greedy clients: " << jain << "\n";
  EXPECT_GE(jain, 0.99);
}

TEST(PacingSimulation, SharesFollowTheWeights) {
  Room room({2, 1}, Millis(60'000));
  room.keep_sending(0, 20);
  room.keep_sending(1, 20);
  room.time.run_for(kHour);
  const double ratio =
      static_cast<double>(room.served(0).size()) / static_cast<double>(room.served(1).size());
  std::cout << "weights 2:1 share " << ratio << ":1\n";
  EXPECT_NEAR(ratio, 2, 0.1);
}

// Tools that come in bursts, with little and much patience, more than the limit allows.
TEST(PacingSimulation, NobodyWhoWasAdmittedIsSentLate) {
  Room room({1, 2, 4, 2, 1, 8}, Millis(9'000), 7);
  std::function<void(size_t)> burst = [&](size_t client) {
    const Millis patience(1'000 * static_cast<int64_t>(1 + room.below(30)));
    for (uint64_t i = 1 + room.below(60); i > 0; --i) room.send(client, patience);
    room.time.after(room.exponential(seconds(20)), [&burst, client] { burst(client); });
  };
  for (size_t client = 0; client < 6; ++client) burst(client);
  room.time.run_for(4 * kHour);
  size_t late = 0, all = 0;
  std::vector<size_t> by_tries(5);
  Nanos latest{0};
  double tries = 0;
  for (size_t client = 0; client < 6; ++client) {
    for (const Room::Served& one : room.served(client)) {
      ++all;
      late += one.late ? 1 : 0;
      tries += one.tries;
      ++by_tries[static_cast<size_t>(std::min(one.tries, 5)) - 1];
      latest = std::max(latest, one.waited);
    }
  }
  std::cout << late << " of " << all << " admitted requests were late; mean tries "
            << tries / static_cast<double>(all) << "; "
            << 100 * static_cast<double>(all) / (10 * seconds_of(4 * kHour)) << " % of the limit used\n";
  std::cout << "sent at the first try " << by_tries[0] << ", second " << by_tries[1] << ", third "
            << by_tries[2] << ", fourth " << by_tries[3] << ", later " << by_tries[4] << "\n";
  EXPECT_GE(all, 100'000u);
  EXPECT_EQ(late, 0u);
}

TEST(PacingSimulation, ACrowdThatIsRefusedComesBackOnce) {
  Room room({2}, Millis(5'000));
  room.time.run_for(seconds(60));
  for (int i = 0; i < 400; ++i) room.send(0);
  room.time.run_for(seconds(120));
  double tries = 0;
  int most = 0;
  for (const Room::Served& one : room.served(0)) {
    tries += one.tries;
    most = std::max(most, one.tries);
  }
  const double mean = tries / 400;
  std::cout << "400 at once that wait 5 s: " << mean << " tries in the mean, " << most << " at most\n";
  ASSERT_EQ(room.served(0).size(), 400u);
  EXPECT_LE(mean - 1, 1.2);  // beyond the first
  EXPECT_LE(most, 3);
}

}  // namespace
}  // namespace sluice
