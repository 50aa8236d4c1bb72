#include "proxy/cli/progress.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

namespace sluice {
namespace {

constexpr Nanos kSilence = Millis(500);
constexpr Nanos kBetween = Millis(100);
constexpr std::string_view kWipe = "\r\033[K";  // ECMA-48: EL, to the line's end
constexpr size_t kUsualWidth = 80;

bool can_show(int descriptor) {
  const char* const terminal = std::getenv("TERM");
  const std::string_view kind = terminal == nullptr ? "" : terminal;
  return ::isatty(descriptor) != 0 && !kind.empty() && kind != "dumb";
}

// The last column stays free: some terminals begin a new line when it is written.
size_t room(int descriptor) {
  winsize size{};
  const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return (known ? size.ws_col : kUsualWidth) - 1;
}

}  // namespace

Progress::Progress(std::string what, const Place& place)
    : what_(std::move(what)),
      place_(place),
      shows_(can_show(place.descriptor)),
      begun_(place.now()),
      next_(begun_ + kSilence) {}

void Progress::at(uint64_t count, double share) {
  if (!shows_) return;
  const Nanos now = place_.now();
  if (now < next_) return;
  next_ = now + kBetween;
  is_drawn_ = true;
  put(std::string(kWipe) + line(count, share, now - begun_));
}

void Progress::clear() {
  if (is_drawn_) put(kWipe);
  is_drawn_ = false;
}

// "120000 events, 34%, 41000 a second"
std::string Progress::line(uint64_t count, double share, Nanos elapsed) const {
  std::string text = std::to_string(count) + " " + what_;
  if (share >= 0)
    text += ", " + std::to_string(static_cast<int>(std::floor(std::min(share, 1.0) * 100))) + "%";
  const double seconds = std::chrono::duration<double>(elapsed).count();
  text += ", " + std::to_string(std::llround(static_cast<double>(count) / seconds)) + " a second";
  return text.substr(0, room(place_.descriptor));
}

// Whole or, on a terminal that takes no more, not at all.
void Progress::put(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t count = ::write(place_.descriptor, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;
    text.remove_prefix(static_cast<size_t>(count));
  }
}

double share_of(uint64_t first, uint64_t through, uint64_t last) {
  if (last < first || through < first) return last < first ? -1 : 0;
  return static_cast<double>(std::min(through, last) - first + 1) / static_cast<double>(last - first + 1);
}

}  // namespace sluice
