// FileWatcher: tells that one of some files has become another. Looks every second, and tells once all of
// them have stayed the same for one look, so that files that are written one after the other, such as a
// certificate and its key, are taken up together. Kubernetes' ..data swaps are seen, and files that come and
// go. Costs a stat() for each file and second. Owner: the gate. Thread: its loop's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "proxy/net/deadlines.h"
#include "proxy/net/event_loop.h"
#include "proxy/net/file_stamp.h"

namespace sluice {

class FileWatcher final : private DeadlineObserver {
 public:
  FileWatcher(EventLoop& loop, std::function<void()> on_change)
      : loop_(loop), on_change_(std::move(on_change)), deadline_(*this) {}

  // These from now on. `stamps` are of before they were read, one for each.
  void watch(std::vector<std::string> files, std::vector<FileStamp> stamps);
  void stop() { deadline_.clear(); }

 private:
  void on_deadline() override;

  EventLoop& loop_;
  const std::function<void()> on_change_;
  Deadline deadline_;
  std::vector<std::string> files_;
  std::vector<FileStamp> told_, seen_;  // what was told of last; at the last look
};

}  // namespace sluice
