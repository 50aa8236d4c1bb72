// Terminal: a screen of its own on the terminal of stdout, and keys without echo from that of stdin, for as
// long as this lives; what was there before comes back with its end. Owner: a command. One at a time.
#pragma once

#include <termios.h>

#include <cstddef>
#include <string>
#include <vector>

namespace sluice {

struct TerminalSize {
  size_t columns = 80, lines = 24;
};

class Terminal {
 public:
  Terminal() { enter(); }
  ~Terminal() { leave(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Whether stdout is a terminal that can be drawn on: not TERM=dumb (or none).
  static bool can_be_drawn_on();
  // By the environment's NO_COLOR (no-color.org).
  static bool wants_colors();

  void enter();
  void leave();
  TerminalSize size() const;
  // Replaces what is on the screen, without flicker. False: the terminal has gone.
  bool draw(const std::vector<std::string>& lines) const;
  bool reads_keys() const { return keys_; }

 private:
  bool inside_ = false;
  bool keys_ = false;  // stdin is a terminal, and `before_` is how it was
  termios before_{};
};

// All of it, to stdout. False: it cannot be written.
bool write_stdout(const std::string& text);

}  // namespace sluice
