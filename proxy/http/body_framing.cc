#include "proxy/http/body_framing.h"

#include <algorithm>

#include "config/ascii.h"

namespace sluice {

namespace {

// One chunk's size line with its extensions (CVE-2024-22019: unbounded extensions), and all trailers
// together.
constexpr uint32_t kMaxSizeLine = 4 * 1024;
constexpr uint32_t kMaxTrailers = 16 * 1024;
constexpr int kMaxDigits = 15;  // keeps a size below 2^60

// What may stand in an extension or a trailer line: no controls but tab (RFC 9112 7.1.1).
bool is_text(char c) { return c == '\t' || !is_control(c); }

}  // namespace

void BodyDecoder::start(const Framing& framing) {
  kind_ = framing.kind;
  left_ = framing.kind == Framing::Kind::kLength ? framing.length : 0;
  chunk_ = Chunk::kSize;
  digits_ = 0;
  overhead_ = 0;
  done_ = kind_ == Framing::Kind::kNone || (kind_ == Framing::Kind::kLength && left_ == 0);
}

BodyDecoder::Step BodyDecoder::feed(std::string_view input) {
  if (done_) return {State::kDone, {}, 0};
  if (kind_ == Framing::Kind::kUntilClose) return {State::kMore, input, input.size()};
  if (kind_ == Framing::Kind::kLength) {
    const std::string_view piece = input.substr(0, std::min<uint64_t>(left_, input.size()));
    left_ -= piece.size();
    done_ = left_ == 0;
    return {done_ ? State::kDone : State::kMore, piece, piece.size()};
  }
  size_t at = 0;
  while (at < input.size()) {
    if (chunk_ == Chunk::kData && left_ > 0) {
      const std::string_view piece = input.substr(at, std::min<uint64_t>(left_, input.size() - at));
      left_ -= piece.size();
      if (left_ == 0) chunk_ = Chunk::kDataCr;
      return {State::kMore, piece, at + piece.size()};
    }
    if (!take_line_octet(input[at++])) return {State::kBad, {}, at};
    if (done_) return {State::kDone, {}, at};
  }
  return {State::kMore, {}, at};
}

bool BodyDecoder::take_size_octet(char c) {
  const int digit = hex_value(c);
  if (digit >= 0) {
    if (++digits_ > kMaxDigits) return false;
    left_ = left_ * 16 + static_cast<uint64_t>(digit);
    return true;
  }
  if (digits_ == 0) return false;
  if (c == '\r') {
    chunk_ = Chunk::kSizeLf;
    return true;
  }
  // RFC 9112 7.1.1 lets white space stand before the ";" only for old senders: refused.
  chunk_ = Chunk::kExtension;
  return c == ';';
}

bool BodyDecoder::take_line_octet(char c) {
  const bool in_trailers = chunk_ >= Chunk::kTrailerStart;
  if (++overhead_ > (in_trailers ? kMaxTrailers : kMaxSizeLine)) return false;
  switch (chunk_) {
    case Chunk::kSize: return take_size_octet(c);
    case Chunk::kExtension:
      if (c == '"') chunk_ = Chunk::kQuoted;
      if (c == '\r') chunk_ = Chunk::kSizeLf;
      return c == '\r' || is_text(c);
    case Chunk::kQuoted:
      if (c == '"') chunk_ = Chunk::kExtension;
      if (c == '\\') chunk_ = Chunk::kQuotedPair;
      return is_text(c);
    case Chunk::kQuotedPair: chunk_ = Chunk::kQuoted; return is_text(c);
    case Chunk::kSizeLf:
      digits_ = 0;
      chunk_ = left_ == 0 ? Chunk::kTrailerStart : Chunk::kData;
      overhead_ = 0;
      return c == '\n';
    case Chunk::kData: return false;  // feed() takes data
    case Chunk::kDataCr: chunk_ = Chunk::kDataLf; return c == '\r';
    case Chunk::kDataLf:
      chunk_ = Chunk::kSize;
      overhead_ = 0;
      return c == '\n';
    case Chunk::kTrailerStart:
      chunk_ = c == '\r' ? Chunk::kEndLf : Chunk::kTrailerName;
      return c == '\r' || is_token_character(c);
    case Chunk::kTrailerName:
      if (c == ':') chunk_ = Chunk::kTrailer;
      return c == ':' || is_token_character(c);
    case Chunk::kTrailer:
      if (c == '\r') chunk_ = Chunk::kTrailerLf;
      return c == '\r' || is_text(c);
    case Chunk::kTrailerLf: chunk_ = Chunk::kTrailerStart; return c == '\n';
    case Chunk::kEndLf: done_ = c == '\n'; return done_;
  }
  return false;
}

}  // namespace sluice
