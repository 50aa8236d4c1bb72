// JsonText: JSON, of events and of log lines, appended piece by piece to memory that is used again and again.
// Names and punctuation are the caller's literals. A value of plain ASCII, as nearly all are, is copied as it
// is; any other goes through RapidJSON, which escapes, and what is not valid UTF-8 has each octet outside
// ASCII replaced by U+FFFD. Owner: who writes. Thread: the owner's. Fails: never. Costs two instructions an
// octet; allocates only to grow, and to escape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice {

class JsonText {
 public:
  void clear() { size_ = 0; }
  // Valid until the next call.
  std::string_view view() const { return {memory_.data(), size_}; }

  template <size_t N>
  void literal(const char (&text)[N]) {
    std::memcpy(room(N - 1), text, N - 1);
    size_ += N - 1;
  }
  void number(int64_t value);
  void number(uint64_t value);
  // In quotes.
  void string(std::string_view value);
  // The same in ASCII alone, for lines that anything may show: what is outside it, and DEL, is escaped, an
  // octet that is part of no character as U+FFFD.
  void ascii_string(std::string_view value) { ascii(value, true); }
  // Without the quotes.
  void ascii_text(std::string_view value) { ascii(value, false); }
  // The same for names and digits of ours, which are plain.
  void plain_string(std::string_view value);
  // Room for `size` octets, which the caller writes, all of them, and which stand in the text as they are.
  char* extend(size_t size) {
    char* const at = room(size);
    size_ += size;
    return at;
  }

 private:
  char* room(size_t size) {
    if (memory_.size() - size_ < size) grow(size);
    return memory_.data() + size_;
  }
  void grow(size_t size);
  void escape(std::string_view value);
  void ascii(std::string_view value, bool quoted);
  void escape_ascii(std::string_view value, bool quoted);
  bool copy_plain(char* at, std::string_view value);

  std::string memory_;  // as long as it ever had to be; `size_` of it is the text
  size_t size_ = 0;
};

}  // namespace sluice
