#include "proxy/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace sluice {
namespace {

// Control sequences that every terminal but a dumb one knows (ECMA-48; xterm's ctlseqs for ?1049 and ?25).
constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr const char* kLeave = "\x1b[0m\x1b[?25h\x1b[?1049l";
constexpr const char* kHome = "\x1b[H";
constexpr const char* kClearRest = "\x1b[K";
constexpr const char* kClearBelow = "\x1b[J";

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool write_stdout(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

bool Terminal::can_be_drawn_on() {
  const std::string_view term = environment("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && !term.empty() && term != "dumb";
}

bool Terminal::wants_colors() { return environment("NO_COLOR").empty(); }

void Terminal::enter() {
  if (inside_) return;
  inside_ = true;
  keys_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0;
  if (keys_) {
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C and Ctrl-Z stay signals
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  }
  write_stdout(kEnter);
}

void Terminal::leave() {
  if (!inside_) return;
  inside_ = false;
  write_stdout(kLeave);
  if (keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

TerminalSize Terminal::size() const {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 || window.ws_row == 0) return {};
  return {window.ws_col, window.ws_row};
}

bool Terminal::draw(const std::vector<std::string>& lines) const {
  std::string frame = kHome;
  for (size_t i = 0; i < lines.size(); ++i) {
    frame += lines[i];
    frame += kClearRest;
    if (i + 1 < lines.size()) frame += "\r\n";
  }
  return write_stdout(frame + kClearBelow);
}

}  // namespace sluice
