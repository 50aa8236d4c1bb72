#include "proxy/cli/top_command.h"

#include <unistd.h>
#include <uv.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "config/units.h"
#include "proxy/cli/admin_client.h"
#include "proxy/cli/status_fields.h"
#include "proxy/cli/terminal.h"
#include "proxy/cli/terminal_text.h"
#include "proxy/cli/top_screen.h"

namespace sluice {

namespace {

constexpr Millis kTopPatience{4'000};
constexpr Millis kLeastInterval{100};
constexpr int kMostDepth = 64;         // of the status, which has 6; printing it takes as deep a stack
constexpr size_t kPlainColumns = 100;  // where no terminal says how many there are

struct TopOptions {
  std::string admin = "127.0.0.1:9901";
  std::string interval = "2s";
  std::string format = "text";
  bool once = false;
};

// The status, or why there is none.
struct Asked {
  Json status;
  std::string trouble;
};

Asked read_answer(const HttpResult& result) {
  if (!result.error.empty()) return {nullptr, result.error};
  if (result.status != 200) return {nullptr, "the answer to /status is " + std::to_string(result.status)};
  bool is_too_deep = false;
  const auto note_depth = [&is_too_deep](int depth, Json::parse_event_t, Json&) {
    is_too_deep = is_too_deep || depth > kMostDepth;
    return !is_too_deep;
  };
  Json status = Json::parse(result.body, note_depth, false);
  if (is_too_deep) return {nullptr, "the answer to /status is nested too deeply"};
  if (!status.is_object()) return {nullptr, "the answer to /status is no JSON object"};
  return {std::move(status), ""};
}

// One document, or one screen, for programs and for terminals that cannot be drawn on.
std::string plain_text(const Json& status, const TopView& view, bool json) {
  if (json) return status.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
  std::string text;
  for (const std::string& line : render_top(status, view)) text += line + "\n";
  return text;
}

int top_once(const Address& address, const TopOptions& options) {
  const Asked asked = read_answer(ask_admin(address, "/status", kTopPatience));
  if (!asked.trouble.empty()) {
    std::cerr << "sluice: " << options.admin << ": " << escape_for_terminal(asked.trouble) << '\n';
    return 2;
  }
  TopView view;
  view.columns = kPlainColumns;
  std::cout << plain_text(asked.status, view, options.format == "json");
  return is_ready(asked.status) ? 0 : 1;
}

// Asks again and again until a key or a signal ends it. Thread: its loop's, the only one.
class Top {
 public:
  Top(const Address& address, Millis interval, bool json)
      : client_(std::in_place, loop_, address, kTopPatience), interval_(interval), json_(json) {
    if (!json && Terminal::can_be_drawn_on()) terminal_.emplace();
  }

  int run() {
    for (size_t i = 0; i < std::size(kSignals); ++i) {
      signals_[i].data = this;
      uv_signal_init(loop_.uv(), &signals_[i]);
      uv_signal_start(
          &signals_[i],
          [](uv_signal_t* handle, int number) { static_cast<Top*>(handle->data)->on_signal(number); },
          kSignals[i]);
    }
    if (terminal_ && terminal_->reads_keys()) watch_keys();
    draw();
    ask();
    loop_.run();
    return exit_code_;
  }

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};

  void watch_keys() {
    keys_.data = this;
    if (uv_poll_init(loop_.uv(), &keys_, STDIN_FILENO) != 0) return;
    watches_keys_ = true;
    uv_poll_start(&keys_, UV_READABLE,
                  [](uv_poll_t* handle, int, int) { static_cast<Top*>(handle->data)->on_key(); });
  }

  void on_key() {
    char keys[64];
    const ssize_t count = ::read(STDIN_FILENO, keys, sizeof keys);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    const std::string_view pressed(keys, static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (pressed.empty() || pressed.find_first_of("qQ\x04") != std::string_view::npos) {  // Ctrl-D
      finish(0);
    }
  }

  void on_signal(int number) {
    if (number == SIGWINCH) return draw();
    if (number != SIGTSTP) return finish(0);
    // Stopped in the shell: its screen comes back meanwhile.
    if (terminal_) terminal_->leave();
    ::raise(SIGSTOP);
    if (terminal_) terminal_->enter();
    draw();
  }

  void ask() {
    client_->get("/status", [this](const HttpResult& result) {
      Asked asked = read_answer(result);
      trouble_ = std::move(asked.trouble);
      if (trouble_.empty()) {
        rates_ = rates_between(status_, asked.status);
        status_ = std::move(asked.status);
      }
      next_.set(loop_.deadlines(), interval_);
      if (terminal_) return draw();
      if (!print()) finish(2);
    });
  }

  void draw() {
    if (!terminal_ || finished_) return;
    TopView view;
    const TerminalSize size = terminal_->size();
    view.columns = size.columns;
    view.lines = size.lines;
    view.colors = Terminal::wants_colors();
    view.trouble = trouble_;
    view.rates = rates_;
    if (!terminal_->draw(render_top(status_, view))) finish(2);
  }

  bool print() const {
    TopView view;
    view.columns = kPlainColumns;
    view.trouble = trouble_;
    view.rates = rates_;
    if (json_) return trouble_.empty() ? write_stdout(plain_text(status_, view, true)) : true;
    return write_stdout(plain_text(status_, view, false) + "\n");
  }

  void finish(int exit_code) {
    if (finished_) return;
    finished_ = true;
    exit_code_ = exit_code;
    terminal_.reset();
    next_.clear();
    client_.reset();
    if (watches_keys_) uv_close(reinterpret_cast<uv_handle_t*>(&keys_), nullptr);
    for (uv_signal_t& handle : signals_) uv_close(reinterpret_cast<uv_handle_t*>(&handle), nullptr);
    loop_.stop();
  }

  EventLoop loop_;
  std::optional<AdminClient> client_;
  const Millis interval_;
  const bool json_;
  std::optional<Terminal> terminal_;
  uv_signal_t signals_[std::size(kSignals)]{};
  uv_poll_t keys_{};
  bool watches_keys_ = false;
  MemberDeadline<Top> next_{*this, &Top::ask};
  Json status_;
  std::string trouble_;
  std::optional<DecisionRates> rates_;
  bool finished_ = false;
  int exit_code_ = 0;
};

int top(const TopOptions& options) {
  const Result<Address> address = parse_admin_address(options.admin);
  if (!address) {
    std::cerr << "sluice: --admin: " << address.error().message << '\n';
    return 2;
  }
  const std::optional<Millis> interval = parse_duration(options.interval);
  if (!interval || *interval < kLeastInterval || *interval > kHour) {
    std::cerr << "sluice: --interval: expected a duration from 100ms to 1h, such as 2s\n";
    return 2;
  }
  if (options.once) return top_once(*address, options);
  Top top(*address, *interval, options.format == "json");
  return top.run();
}

}  // namespace

void add_top_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("top", "Show who uses the limits of a running gate, what it refuses, and its audit");
  auto options = std::make_shared<TopOptions>();
  command->add_option("--admin", options->admin, "The admin address of the gate, HOST:PORT")
      ->capture_default_str();
  command->add_flag("--once", options->once, "Print one screen and leave: 0 ready, 1 not ready, 2 no answer");
  command->add_option("--interval", options->interval, "How often to ask, such as 2s")->capture_default_str();
  command->add_option("--format", options->format, "text, or json: the gate's status, a document a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options, &exit_code] { exit_code = top(*options); });
}

}  // namespace sluice
