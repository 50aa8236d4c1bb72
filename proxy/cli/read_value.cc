#include "proxy/cli/read_value.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "config/ascii.h"
#include "config/secret_source.h"
#include "proxy/crypto_prompt.h"

namespace sluice {
namespace {

constexpr std::string_view kPem = "-----BEGIN ";  // RFC 7468 section 2

// Into one buffer that is never reallocated, so that nothing is left behind.
Result<Secret> read_stdin() {
  std::string text(kMaximumSecretSize + 2, '\0');  // a newline, and one more that tells that it is too large
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(STDIN_FILENO, text.data() + size, text.size() - size);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const Secret wiped(std::move(text));
      return Error{std::string("cannot read stdin: ") + std::strerror(errno)};
    }
    size += static_cast<size_t>(count);
  }
  text.resize(size);
  if (text.ends_with('\n')) text.pop_back();
  return Secret(std::move(text));
}

bool is_allowed(std::string_view text) {
  const bool lines = text.starts_with(kPem);
  return std::none_of(text.begin(), text.end(),
                      [lines](char c) { return is_control(c) && !(lines && (c == '\n' || c == '\r')); });
}

}  // namespace

Result<Secret> read_value(const std::string& name) {
  const bool asks = ::isatty(STDIN_FILENO) == 1;
  if (asks) {
    auto asked = ask_twice("Value of " + name + ": ");
    if (!asked) return Error{"nothing was sealed: the two values differ, or there was none"};
    return std::move(*asked);
  }
  auto value = read_stdin();
  if (!value) return value;
  if (value->empty()) return Error{"nothing was sealed: stdin holds no value"};
  if (value->reveal().size() > kMaximumSecretSize)
    return Error{"nothing was sealed: the value is larger than 64 KiB"};
  if (!is_allowed(value->reveal()))
    return Error{"nothing was sealed: the value holds a line break or another control character"};
  return value;
}

}  // namespace sluice
