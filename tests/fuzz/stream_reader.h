// stream_reader: reads messages from a stream of octets as a connection of the gate does, and tells what it
// has read as a text. However the octets are cut, the text has to be the same.
#pragma once

#include "proxy/http/h1_parser.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {

class StreamReader {
 public:
  explicit StreamReader(const HeadLimits& limits) : limits_(limits) {}
  virtual ~StreamReader() = default;
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  void feed(std::string_view data) {
    while (!data.empty() && !broken_) {
      const size_t consumed = in_body_ ? take_body(data) : take_head(data);
      require(consumed <= data.size(), "no more is consumed than there is");
      data.remove_prefix(consumed);
    }
  }

  // The stream has ended.
  std::string finish() {
    if (in_body_) story_ += body_.whole_at_end() ? "\nwhole\n" : "\ncut\n";
    if (!in_body_ && !broken_) story_ += "waiting\n";
    return story_;
  }

 protected:
  struct Head {
    HeadError error = HeadError::kNone;
    Framing framing;
    bool interim = false;  // an answer that another one follows, without a body
  };
  virtual Head read_head(std::string_view text, const HeadLimits& limits) = 0;

  void tell(std::string_view name, std::string_view value) {
    story_ += name;
    story_ += '=';
    story_ += value;
    story_ += '\n';
  }
  void tell(std::string_view name, uint64_t value) { tell(name, std::to_string(value)); }
  void tell(const std::vector<HeaderField>& fields) {
    for (const HeaderField& field : fields) {
      tell(field.name, field.value);
      tell(field.exact_name ? "id" : "inexact id", static_cast<uint64_t>(field.id));
    }
  }

 private:
  size_t take_head(std::string_view data) {
    const HeadReader::Step step = reader_.feed(data, limits_);
    if (step.state == HeadReader::State::kNeedMore) {
      require(step.consumed == data.size(), "a reader that needs more has taken all");
      return step.consumed;
    }
    Head head;
    head.error = step.error;
    if (step.state == HeadReader::State::kHead) {
      require(step.head.size() <= limits_.head_size, "a head is within its limit");
      require(step.head.ends_with("\r\n\r\n"), "a head ends with an empty line");
      head = read_head(step.head, limits_);
    }
    reader_.reset();
    if (head.error != HeadError::kNone) {
      tell("error", static_cast<uint64_t>(head.error));
      broken_ = true;
      return step.consumed;
    }
    if (head.interim) return step.consumed;
    body_.start(head.framing);
    in_body_ = !body_.done();
    return step.consumed;
  }

  size_t take_body(std::string_view data) {
    const BodyDecoder::Step step = body_.feed(data);
    require(step.consumed > 0, "a body goes on");
    story_ += step.piece;
    if (step.state == BodyDecoder::State::kBad) {
      story_ += "\nbad\n";
      broken_ = true;
      in_body_ = false;
    } else if (body_.done()) {
      story_ += "\nend\n";
      in_body_ = false;
    }
    return step.consumed;
  }

  const HeadLimits limits_;
  HeadReader reader_;
  BodyDecoder body_;
  std::string story_;
  bool in_body_ = false;
  bool broken_ = false;
};

// Each piece lies in memory of its own, so that reading past its end is seen. `most` octets a piece; 0: all
// in one.
template <class Reader, class... Arguments>
std::string story(std::string_view octets, size_t most, const Arguments&... arguments) {
  Reader reader(arguments...);
  Dice dice(octets);
  while (!octets.empty()) {
    const size_t length = most == 0 ? octets.size() : std::min(dice.roll(most), octets.size());
    const std::vector<char> piece(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(length));
    reader.feed({piece.data(), piece.size()});
    octets.remove_prefix(length);
  }
  return reader.finish();
}

template <class Reader, class... Arguments>
void compare_cuts(std::string_view octets, const Arguments&... arguments) {
  const std::string whole = story<Reader>(octets, 0, arguments...);
  for (const size_t most : {size_t{1}, size_t{7}, octets.size() / 2 + 1}) {
    require(story<Reader>(octets, most, arguments...) == whole, "cuts do not change what is read");
  }
}

// A head may be large, or nearly everything is.
inline std::vector<HeadLimits> tried_limits() { return {HeadLimits{}, HeadLimits{120, 4, 20}}; }

}  // namespace sluice
