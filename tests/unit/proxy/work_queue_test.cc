#include "proxy/net/work_queue.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <thread>

#include "proxy/net/event_loop.h"

namespace sluice {
namespace {

// Holds up every Job at its door until it is opened.
class Door {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++at_door_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, count] { return at_door_ >= count; });
  }
  int at_door() {
    const std::lock_guard lock(mutex_);
    return at_door_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int at_door_ = 0;
  bool open_ = false;
};

struct Job final : Work {
  explicit Job(Door& shared_door) : door(shared_door) {}
  void work() override {
    ran_on = std::this_thread::get_id();
    door.pass();
  }
  void on_worked() override {
    told_on = std::this_thread::get_id();
    if (order != nullptr) order->push_back(this);
  }
  Door& door;
  std::thread::id ran_on, told_on;
  std::vector<const Job*>* order = nullptr;
};

void run_until(EventLoop& loop, uint64_t done) {
  while (loop.work().done() < done) uv_run(loop.uv(), UV_RUN_ONCE);
}

TEST(WorkQueue, WorksOffTheLoopsThreadAndTellsOnIt) {
  EventLoop loop;
  Door door;
  door.open();
  Job job(door);
  loop.work().submit(job);
  run_until(loop, 1);
  EXPECT_NE(job.ran_on, std::thread::id());
  EXPECT_NE(job.ran_on, std::this_thread::get_id());
  EXPECT_EQ(job.told_on, std::this_thread::get_id());
}

TEST(WorkQueue, RunsTwoAtOnceAndTheRestInOrder) {
  EventLoop loop;
  Door door;
  std::vector<const Job*> order;
  std::deque<Job> jobs;
  for (int i = 0; i < 5; ++i) {
    jobs.emplace_back(door).order = &order;
    loop.work().submit(jobs.back());
  }
  door.wait_for(2);
  EXPECT_EQ(loop.work().waiting(), 3U);
  loop.turn();
  EXPECT_EQ(door.at_door(), 2);
  door.open();
  run_until(loop, 5);
  EXPECT_EQ(order.size(), 5U);
  EXPECT_EQ(loop.work().waiting(), 0U);
}

TEST(WorkQueue, TakesBackWhatHasNotBegun) {
  EventLoop loop;
  Door door;
  Job first(door), second(door), third(door);
  for (Job* job : {&first, &second, &third}) loop.work().submit(*job);
  door.wait_for(2);
  EXPECT_TRUE(loop.work().withdraw(third));
  EXPECT_FALSE(loop.work().withdraw(first));
  door.open();
  run_until(loop, 2);
  loop.turn();
  EXPECT_EQ(third.ran_on, std::thread::id());
  EXPECT_EQ(loop.work().done(), 2U);
}

TEST(WorkQueue, IsFinishedBeforeItsLoopEnds) {
  Door door;
  Job job(door);
  {
    EventLoop loop;
    loop.work().submit(job);
    door.wait_for(1);
    door.open();
  }
  EXPECT_EQ(job.told_on, std::this_thread::get_id());
}

// Another user may have so many processes and threads, and no right to have more.
int start_pool_with(rlim_t limit) {
  const rlimit most{limit, limit};
  if (setrlimit(RLIMIT_NPROC, &most) != 0 || setgid(65'534) != 0 || setuid(65'534) != 0) return 2;
  const Result<void> started = start_thread_pool(3, 10);
  std::cerr << (started.ok() ? "started" : started.error().message) << '\n';
  return started.ok() ? 0 : 1;
}

TEST(WorkQueueDeathTest, DoesNotStartWithoutTheThreadsThatItWants) {
  if (geteuid() != 0) GTEST_SKIP() << "a limit of processes needs a user without any";
  EXPECT_EXIT(std::_Exit(start_pool_with(10)), testing::ExitedWithCode(1),
              "^16 threads are wanted, and the system lets the gate have [0-9]: fewer workers");
  EXPECT_EXIT(std::_Exit(start_pool_with(1000)), testing::ExitedWithCode(0), "^started");
}

}  // namespace
}  // namespace sluice
