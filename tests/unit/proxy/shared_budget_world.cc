#include "shared_budget_world.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proxy/log.h"
#include "proxy/pacing/token_bucket.h"

namespace sluice {
namespace {

const std::string kKey = "sluice:{world}:limit";
constexpr Nanos kTimeout = Millis(50);
constexpr Nanos kCopyEvery = Millis(100);

}  // namespace

// One process: its budget, its link to the store, and a pacer that takes a slot, waits for it, and sends.
class World::Process final : public ReservationStore, public BudgetObserver {
 public:
  Process(World& world, size_t number, int64_t replicas, Load load, RateLimit limit)
      : world_(world),
        load_(load),
        name_("process-" + std::to_string(number)),
        budget_({limit, replicas, name_, "world"}, *this, world.now_) {
    budget_.set_observer(this);
    connect_in(Nanos(0));
    arm(budget_.on_time(world_.now_));
    if (load_.per_second > 0) next_request();
    tell_demand();
    pump();
  }

  void call(StoreClient&, const ReservationCall& call) override {
    ++world_.calls_;
    const uint64_t connection = connection_;
    const Nanos trip = world_.round_trip();
    ReservationCall kept = call;
    world_.at(world_.now_ + trip / 2, [this, kept, connection, trip] {
      if (!reachable() || cut_ == Cut::kBoth) return;
      if (world_.refusing_) return answer_in(trip / 2, connection, std::nullopt, true);
      const auto reply = world_.execute(kept);
      if (cut_ == Cut::kNone) answer_in(trip / 2, connection, reply, false);
    });
    awaited_ = true;
    const uint64_t number = ++call_;
    do_at(world_.now_ + kTimeout, [this, connection, number] {
      if (connection == connection_ && awaited_ && number == call_) disconnect();
    });
  }

  void wake(StoreClient&) override {
    do_at(world_.now_, [this] { tick(); });
  }

  void on_slots() override {
    do_at(world_.now_, [this] { pump(); });
  }

  void set_load(Load load) {
    load_ = load;
    if (load_.per_second > 0) next_request();
    tell_demand();
    pump();
  }
  void kill() { alive_ = false; }
  void leave() {
    load_.per_second = 0;
    leaving_ = true;
    budget_.leave();
  }
  void stop(Nanos until) { stopped_until_ = until; }
  void set_cut(Cut how) { cut_ = how; }
  void disconnect() {
    ++connection_;
    awaited_ = false;
    budget_.on_down(world_.now_);
    tick();
    connect_in(Millis(100));
  }
  void reject(Nanos hold) {
    budget_.reject(world_.now_, world_.now_ + hold);
    pump();
  }

  SharedBudget& budget() { return budget_; }
  bool alive() const { return alive_; }
  const std::vector<Nanos>& departures() const { return departures_; }

 private:
  // What a process does waits while it is stopped, and is not done once it is dead.
  void do_at(Nanos when, std::function<void()> what) {
    world_.at(when, [this, what = std::move(what)] {
      if (!alive_) return;
      if (world_.now_ < stopped_until_) return do_at(stopped_until_, what);
      what();
    });
  }

  bool reachable() const { return !world_.down_; }

  void connect_in(Nanos delay) {
    const uint64_t connection = connection_;
    do_at(world_.now_ + delay, [this, connection] {
      if (connection != connection_) return;
      if (!reachable() || cut_ != Cut::kNone) return connect_in(Millis(500));
      budget_.on_up(world_.now_, server_ == world_.server_);
      server_ = world_.server_;
      tick();
    });
  }

  void answer_in(Nanos delay, uint64_t connection, std::optional<ReservationReply> reply, bool refused) {
    do_at(world_.now_ + delay, [this, connection, reply, refused] {
      if (connection != connection_) return;
      awaited_ = false;
      if (refused) {
        budget_.on_refused(world_.now_);
        return disconnect();
      }
      if (!reply) return disconnect();
      budget_.on_reply(world_.now_, *reply);
      tick();
    });
  }

  void tick() { arm(budget_.on_time(world_.now_)); }

  void arm(Nanos when) {
    const uint64_t timer = ++timer_;
    if (when == Nanos::max()) return;
    do_at(std::max(when, world_.now_) + world_.up_to(Millis(17)), [this, timer] {
      if (timer == timer_) tick();
    });
  }

  void next_request() {
    const double gap = std::exponential_distribution<double>(load_.per_second)(world_.random_);
    do_at(world_.now_ + Nanos(static_cast<int64_t>(gap * 1e9)), [this] {
      if (leaving_) return;
      ++waiting_;
      next_request();
      tell_demand();
      pump();
    });
  }

  uint64_t waiting() const { return load_.per_second < 0 ? 1'000 : waiting_; }
  void tell_demand() { budget_.set_demand(waiting() - (pending_ ? 1 : 0), waiting() > 0 ? load_.weight : 0); }

  // One slot at a time, as a pacer does.
  void pump() {
    if (leaving_ || pending_ || waiting() == 0) return;
    const auto slot = budget_.take_slot(world_.now_);
    if (!slot) return;
    pending_ = true;
    tell_demand();
    do_at(std::max(slot->from, world_.now_) + world_.lateness(), [this, slot] {
      pending_ = false;
      if (world_.now_ <= slot->until && slot->from >= budget_.held_until()) {
        send();
      } else {
        ++world_.forfeited_;
      }
      tell_demand();
      pump();
    });
  }

  void send() {
    if (waiting_ > 0) --waiting_;
    departures_.push_back(world_.now_);
    world_.departures_.push_back(world_.now_);
    world_.arrivals_.push_back(world_.now_ + Millis(20) + world_.up_to(world_.jitter_));
  }

  World& world_;
  Load load_;
  std::string name_;
  SharedBudget budget_;
  bool alive_ = true, leaving_ = false, pending_ = false, awaited_ = false;
  Cut cut_ = Cut::kNone;
  Nanos stopped_until_{0};
  uint64_t server_ = 0, connection_ = 0, call_ = 0, timer_ = 0, waiting_ = 0;
  std::vector<Nanos> departures_;
};

World::World(uint64_t seed, RateLimit limit, Nanos jitter) : limit_(limit), jitter_(jitter), random_(seed) {
  configure_log({LogFormat::kJson, LogLevel::kError, false});
  script_ = redis_.run({"SCRIPT", "LOAD", std::string(kReservationScript.front().text)}).text;
  EXPECT_EQ(script_.size(), 40u);
}

World::~World() = default;

size_t World::start(int64_t replicas, Load load, RateLimit limit) {
  const size_t number = processes_.size();
  processes_.push_back(
      std::make_unique<Process>(*this, number, replicas, load, limit.rate > 0 ? limit : limit_));
  return number;
}

void World::set_load(size_t process, Load load) { processes_[process]->set_load(load); }
void World::kill(size_t process) { processes_[process]->kill(); }
void World::leave(size_t process) { processes_[process]->leave(); }
void World::stop(size_t process, Nanos duration) { processes_[process]->stop(now_ + duration); }
void World::cut(size_t process, Cut how) { processes_[process]->set_cut(how); }
void World::reject(size_t process, Nanos hold) { processes_[process]->reject(hold); }
SharedBudget& World::budget(size_t process) { return processes_[process]->budget(); }
bool World::is_alive(size_t process) const { return processes_[process]->alive(); }
size_t World::sent(size_t process) const { return departures(process).size(); }
const std::vector<Nanos>& World::departures(size_t process) const {
  return processes_[process]->departures();
}
size_t World::sent() const { return departures_.size(); }

void World::set_store_down(bool down) {
  down_ = down;
  ++server_;
  if (!down) return;
  for (const auto& process : processes_) {
    if (process->alive()) process->disconnect();
  }
}

void World::wipe(bool closes) {
  redis_.run({"DEL", kKey});
  if (!closes) return;
  set_store_down(true);
  down_ = false;
}

void World::fail_over(Nanos lost) {
  const auto copy = std::find_if(copies_.rbegin(), copies_.rend(),
                                 [&](const auto& one) { return one.first <= now_ - lost; });
  redis_.run({"DEL", kKey});
  if (copy != copies_.rend()) redis_.run(copy->second);
  set_store_down(true);
  down_ = false;
}

void World::take_copy() {
  copying_ = true;
  const RedisServer::Reply dump = redis_.run({"DUMP", kKey});
  if (dump.error.empty() && !dump.text.empty()) {
    copies_.push_back({now_, {"RESTORE", kKey, "0", dump.text, "REPLACE"}});
    if (copies_.size() > 20) copies_.erase(copies_.begin());
  }
  at(now_ + kCopyEvery, [this] { take_copy(); });
}

void World::at(Nanos time, std::function<void()> what) { events_.push({time, ++order_, std::move(what)}); }

void World::run_until(Nanos time) {
  while (!events_.empty() && events_.top().at <= time) {
    Event event = events_.top();
    events_.pop();
    now_ = std::max(now_, event.at);
    event.what();
  }
  now_ = time;
}

// Half a millisecond, and now and then a loop that is held up.
Nanos World::lateness() {
  const double usual = std::exponential_distribution<double>(1 / 0.5e6)(random_);
  return Nanos(static_cast<int64_t>(usual)) + (below(1'000) == 0 ? up_to(Millis(300)) : Nanos(0));
}

Nanos World::round_trip() {
  const double usual = 0.3e6 + std::exponential_distribution<double>(1 / 0.7e6)(random_);
  return Nanos(static_cast<int64_t>(usual)) + (below(1'000) == 0 ? up_to(Millis(60)) : Nanos(0));
}

std::optional<ReservationReply> World::execute(ReservationCall call) {
  call.now = store_now();
  std::vector<std::string> command{"EVALSHA", script_, "1", kKey};
  for (std::string& argument : to_arguments(call)) command.push_back(std::move(argument));
  const RedisServer::Reply reply = redis_.run(command);
  EXPECT_EQ(reply.error, "");
  auto parsed = parse_reservation(reply.numbers);
  EXPECT_TRUE(parsed.has_value());
  for (size_t i = 0; parsed && i < parsed->slot_count; ++i) {
    const Nanos ahead = Micros(parsed->slots[i] - parsed->now);
    if (ahead > Nanos(0)) leased_.push_back(now_ + ahead);
  }
  return parsed;
}

namespace {

// What a bucket refuses of what comes at these times.
int refused(const std::vector<Nanos>& times, double interval, double tolerance) {
  double theoretical = 0;
  int count = 0;
  for (const Nanos one : times) {
    const auto time = static_cast<double>(one.count());
    if (time < theoretical - tolerance - 1e3) {
      ++count;
    } else {
      theoretical = std::max(theoretical, time) + interval;
    }
  }
  return count;
}

}  // namespace

int World::rejections(RateLimit limit, double slow) const {
  std::vector<Nanos> arrivals = arrivals_;
  std::sort(arrivals.begin(), arrivals.end());
  const double interval = 1e9 / limit.rate * (1 + slow);
  return refused(arrivals, interval, (limit.burst - 1) * interval);
}

int World::overruns() const {
  const TokenBucket shape(limit_, Nanos(0));
  const Nanos tolerance = shape.tolerance() + kSlotLife;
  return refused(departures_, 1e9 / limit_.rate, static_cast<double>(tolerance.count()));
}

int World::doubled() const {
  std::vector<Nanos> slots = leased_;
  std::sort(slots.begin(), slots.end());
  const Nanos interval = TokenBucket(limit_, Nanos(0)).interval();
  int count = 0;
  for (size_t i = 1; i < slots.size(); ++i) count += slots[i] - slots[i - 1] < interval * 9 / 10 ? 1 : 0;
  return count;
}

size_t World::sent_between(Nanos from, Nanos until) const {
  return static_cast<size_t>(std::count_if(departures_.begin(), departures_.end(),
                                           [&](Nanos time) { return time >= from && time < until; }));
}

double World::used(Nanos from, Nanos until) const {
  return static_cast<double>(sent_between(from, until)) /
         (limit_.rate * std::chrono::duration<double>(until - from).count());
}

}  // namespace sluice
