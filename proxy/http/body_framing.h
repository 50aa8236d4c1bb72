// body_framing: where a body ends (RFC 9112 6), and the strict decoder that finds it. Chunked bodies:
// hexadecimal sizes without sign or space, CRLF only, extensions and trailers bounded and dropped. Owner: the
// connection that reads. Pure; no allocation.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

struct Framing {
  enum class Kind : uint8_t { kNone, kLength, kChunked, kUntilClose };
  Kind kind = Kind::kNone;
  uint64_t length = 0;  // of kLength
};

class BodyDecoder {
 public:
  enum class State : uint8_t { kMore, kDone, kBad };
  struct Step {
    State state = State::kMore;
    std::string_view piece;  // of the body; a view into the input; may be empty
    size_t consumed = 0;     // of the input
  };

  void start(const Framing& framing);
  // Takes the next piece. Call again with the rest of the input until it is used up, kDone or kBad.
  Step feed(std::string_view input);
  // The stream has ended: whether the body is whole.
  bool whole_at_end() const { return done_ || kind_ == Framing::Kind::kUntilClose; }
  bool done() const { return done_; }
  Framing::Kind kind() const { return kind_; }

 private:
  enum class Chunk : uint8_t {
    kSize,
    kExtension,
    kQuoted,
    kQuotedPair,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailer,
    kTrailerLf,
    kEndLf
  };
  // One octet outside chunk data. False: malformed.
  bool take_line_octet(char octet);
  bool take_size_octet(char octet);

  Framing::Kind kind_ = Framing::Kind::kNone;
  uint64_t left_ = 0;
  Chunk chunk_ = Chunk::kSize;
  int digits_ = 0;
  uint32_t overhead_ = 0;  // octets of size lines, or of trailers, since the last limit reset
  bool done_ = true;
};

}  // namespace sluice
