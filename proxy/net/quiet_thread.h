// start_quiet_thread: a thread in which every signal is blocked, so that signals reach main's loop only.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace sluice {

class EverySignalBlocked {
 public:
  EverySignalBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~EverySignalBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EverySignalBlocked(const EverySignalBlocked&) = delete;
  EverySignalBlocked& operator=(const EverySignalBlocked&) = delete;

 private:
  sigset_t before_{};
};

// `name` shows in ps and debuggers: at most 15 characters. Throws std::system_error when there is no thread.
template <class Body>
std::thread start_quiet_thread(const char* name, Body body) {
  const EverySignalBlocked inherited_by_the_thread;
  std::thread thread(std::move(body));
  pthread_setname_np(thread.native_handle(), name);
  return thread;
}

}  // namespace sluice
