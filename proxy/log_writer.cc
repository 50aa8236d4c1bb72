#include "proxy/log_writer.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "proxy/log_line.h"
#include "proxy/net/quiet_thread.h"

namespace sluice {
namespace {

// Lines that come this close together share a write, and the thread is woken once for them.
constexpr Millis kGather{10};
constexpr Millis kSecondly{1'000};
constexpr int kLookAgain = 100;          // ms, whether it is still worth waiting
constexpr size_t kOneWrite = 64 * 1024;  // where nothing says otherwise
static_assert(PIPE_BUF <= kOneWrite);

enum class Kind { kPipe, kSocket, kOther };

Kind kind_of_stderr() {
  struct stat status {};
  if (fstat(STDERR_FILENO, &status) != 0) return Kind::kOther;
  if (S_ISFIFO(status.st_mode)) return Kind::kPipe;
  return S_ISSOCK(status.st_mode) ? Kind::kSocket : Kind::kOther;
}

// Never waits where something else can be had: a pipe that poll(2) calls writable takes PIPE_BUF octets.
ssize_t write_now(Kind kind, std::string_view text) {
  if (kind == Kind::kSocket)
    return ::send(STDERR_FILENO, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return ::write(STDERR_FILENO, text.data(), text.size());
}

// As many whole lines as fit, or a part of one that never does.
std::string_view piece_of(std::string_view lines, size_t at_most) {
  if (lines.size() <= at_most) return lines;
  const size_t end = lines.rfind('\n', at_most - 1);
  return lines.substr(0, end == std::string_view::npos ? at_most : end + 1);
}

void write_directly(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    line.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

void LogWriter::write(std::string_view line) {
  std::unique_lock lock(mutex_);
  switch (mode_) {
    case Mode::kDirect:
      lock.unlock();  // one write(2) is whole by itself
      return write_directly(line);
    case Mode::kGivenUp: return lose(line);
    case Mode::kQueued: break;
  }
  // Once one is dropped so are those behind it, until it can be said where they are missing.
  if (unsaid_ > 0 || waiting_.size() + line.size() > kMostWaiting) {
    ++unsaid_;
    return lose(line);
  }
  waiting_ += line;
  if (!idle_) return;
  idle_ = false;
  wake_.notify_one();
}

void LogWriter::start(std::function<void()> each_second) {
  each_second_ = std::move(each_second);
  {
    const std::lock_guard lock(mutex_);
    mode_ = Mode::kQueued;
    ending_ = ended_ = hurry_ = gave_up_ = false;
    give_up_ = Clock::time_point::max();
  }
  thread_ = start_quiet_thread("sluice-log", [this] { run(); });
}

void LogWriter::stop(Millis patience) {
  std::unique_lock lock(mutex_);
  if (mode_ != Mode::kQueued) return;
  ending_ = hurry_ = true;
  give_up_ = Clock::now() + patience;
  wake_.notify_one();
  // It looks at the time as long as it does not hang in write(2), where no other thread can help.
  written_.wait_until(lock, give_up_.load() + std::chrono::milliseconds(5 * kLookAgain),
                      [this] { return ended_; });
  mode_ = gave_up_ || !ended_ ? Mode::kGivenUp : Mode::kDirect;
  const bool ended = ended_;
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void LogWriter::flush(Millis patience) {
  std::unique_lock lock(mutex_);
  if (mode_ != Mode::kQueued) return;
  hurry_ = true;
  wake_.notify_one();
  written_.wait_for(lock, patience, [this] { return waiting_.empty() && !busy_; });
}

void LogWriter::run() {
  std::string lines;
  Clock::time_point next_second = Clock::now() + kSecondly;
  std::unique_lock lock(mutex_);
  while (true) {
    idle_ = true;
    wake_.wait_until(lock, next_second, [this] { return ending_ || hurry_ || !waiting_.empty(); });
    idle_ = false;
    if (!waiting_.empty()) wake_.wait_for(lock, kGather, [this] { return hurry_; });
    const bool last = ending_;
    if (last || Clock::now() >= next_second) {
      next_second = Clock::now() + kSecondly;
      lock.unlock();
      each_second_();
      lock.lock();
    }
    lines.clear();
    lines.swap(waiting_);
    const uint64_t unsaid = std::exchange(unsaid_, 0);
    busy_ = true;
    hurry_ = ending_;
    lock.unlock();
    put(lines);
    if (unsaid > 0) {
      LogLine line(LogLevel::kWarning, "log lines were dropped: stderr did not take them in time");
      line.number("lines", static_cast<int64_t>(unsaid));
      put(line.finish());
    }
    lock.lock();
    busy_ = false;
    const bool out_of_time = Clock::now() >= give_up_.load();
    if (last && (waiting_.empty() || out_of_time)) break;
    if (waiting_.empty()) written_.notify_all();
  }
  ended_ = true;
  written_.notify_all();
}

void LogWriter::put(std::string_view lines) {
  const Kind kind = kind_of_stderr();
  const size_t at_most = kind == Kind::kPipe ? PIPE_BUF : kOneWrite;
  bool within_line = false;
  const auto lose_rest = [&] {
    cut_short_ = cut_short_ || within_line;
    lose(lines);
  };
  while (!lines.empty()) {
    pollfd ready{STDERR_FILENO, POLLOUT, 0};
    const int found = ::poll(&ready, 1, kLookAgain);
    if (Clock::now() >= give_up_.load() && found <= 0) {
      gave_up_ = true;
      return lose_rest();
    }
    if (found <= 0) continue;
    const std::string_view piece = cut_short_ ? "\n" : piece_of(lines, at_most);
    const ssize_t written = write_now(kind, piece);
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written <= 0) return lose_rest();  // closed, or a full disk
    if (std::exchange(cut_short_, false)) continue;
    within_line = piece[static_cast<size_t>(written) - 1] != '\n';
    lines.remove_prefix(static_cast<size_t>(written));
  }
}

void LogWriter::lose(std::string_view lines) {
  const auto count = static_cast<uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  dropped_.fetch_add(count, std::memory_order_relaxed);
}

}  // namespace sluice
