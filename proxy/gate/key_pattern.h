// KeyPattern: a key, what it looks like in the common encodings, and what a search for all of these at once
// needs to know. Covered: the key as it is; inside base64, at each of the three alignments, in both alphabets
// (RFC 4648 4 and 5); in hexadecimal of either case; and, octet by octet in any mixture, percent-encoded
// (RFC 3986 2.1) or escaped as in JSON (RFC 8259 7), \xHH included. Not covered: hexadecimal of mixed case,
// an encoding of an encoding, compression, encryption, and a key that is given away in parts. A key of less
// than kShortestEncoded octets is looked for as it is only: its encodings stand in innocent texts too.
// Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/secret.h"

namespace sluice {

class KeyPattern {
 public:
  static constexpr size_t kShortestEncoded = 12;

  KeyPattern() = default;
  explicit KeyPattern(Secret key);

  const Secret& key() const { return key_; }
  bool empty() const { return key_.empty(); }
  // Octets of the longest of its forms that are not escapes.
  size_t longest() const { return longest_; }
  // Whether one of these forms is in a text. Most octets are never looked at (Wu and Manber 1994).
  bool is_in(std::string_view text) const;
  // With how many octets, at the end of the text, one of these forms may begin.
  size_t beginning_at_end(std::string_view text) const;
  // Whether the key is in a text that may hold escapes, given in two parts. `held`: with how many octets, at
  // the end, it may begin.
  bool is_in_escaped(std::string_view first, std::string_view second, size_t* held) const;

 private:
  void add_form(Secret form);
  void prepare();

  Secret key_;
  std::vector<Secret> forms_;      // the key first
  std::vector<uint32_t> borders_;  // of each prefix of the key: its longest proper border
  size_t longest_ = 0;
  size_t shortest_ = 0;
  std::vector<uint8_t> shifts_;     // by a hash of two octets: how far the search may go on
  std::array<bool, 256> begins_{};  // some form begins with this octet
};

}  // namespace sluice
