// A stream of answers, to HEAD and to others: however it is cut, the same heads, bodies and errors.
#include "tests/fuzz/raw_head.h"
#include "tests/fuzz/stream_reader.h"

namespace sluice {
namespace {

void check_framing(const ResponseHead& head, const RawHead& raw, bool to_head) {
  const bool has_length = count_of(raw, "content-length") == 1;
  const bool is_chunked = count_of(raw, "transfer-encoding") == 1;
  const bool has_body = !to_head && head.status >= 200 && head.status != 204 && head.status != 304;
  switch (head.framing.kind) {
    case Framing::Kind::kNone:
      return require(!has_body, "an answer has a body unless its status forbids one");
    case Framing::Kind::kLength:
      require(has_body && has_length && !is_chunked, "a length has one field");
      return require(head.framing.length == std::stoull(value_of(raw, "content-length")),
                     "a length is its field's");
    case Framing::Kind::kChunked:
      require(has_body && is_chunked && !has_length && head.minor_version == 1, "chunks have one field");
      return require(lower_case(value_of(raw, "transfer-encoding")) == "chunked",
                     "chunks are the only coding");
    case Framing::Kind::kUntilClose:
      require(has_body && !has_length && !is_chunked, "an answer without a length ends with its connection");
      return require(!head.keep_alive, "a connection that frames an answer is not kept");
  }
}

void check_head(const ResponseHead& head, std::string_view text, const HeadLimits& limits, bool to_head) {
  const RawHead raw = take_apart(text);
  require(head.status >= 100 && head.status <= 599, "a status has its range");
  require(raw.first_line.substr(9, 3) == std::to_string(head.status), "the status is the line's");
  require(is_one_line(head.reason) && raw.first_line.ends_with(head.reason), "the reason is the line's");
  require(head.fields.size() == raw.fields.size(), "every line is a field");
  require(head.fields.size() <= limits.header_count, "the fields are within their limit");
  for (size_t i = 0; i < raw.fields.size(); ++i) {
    require(head.fields[i].name == raw.fields[i].name && is_one_line(raw.fields[i].name),
            "a name is its line's");
    require(head.fields[i].value == raw.fields[i].value && is_one_line(raw.fields[i].value),
            "a value is its line's");
  }
  check_framing(head, raw, to_head);
}

class ResponseReader : public StreamReader {
 public:
  ResponseReader(const HeadLimits& limits, bool to_head) : StreamReader(limits), to_head_(to_head) {}

 protected:
  Head read_head(std::string_view text, const HeadLimits& limits) override {
    const HeadError error = parse_response_head(text, limits, to_head_, head_);
    if (error != HeadError::kNone) {
      require(!head_.detail.empty(), "a refusal says why");
      return {error, {}, false};
    }
    check_head(head_, text, limits, to_head_);
    tell(std::to_string(head_.status), head_.reason);
    tell("minor version", static_cast<uint64_t>(head_.minor_version));
    tell(head_.fields);
    tell("framing", static_cast<uint64_t>(head_.framing.kind));
    tell("length", head_.framing.length);
    tell("keeps alive", head_.keep_alive ? 1 : 0);
    return {error, head_.framing, head_.status < 200};
  }

 private:
  const bool to_head_;
  ResponseHead head_;
};

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const sluice::HeadLimits& limits : sluice::tried_limits()) {
    for (const bool to_head : {false, true}) {
      sluice::compare_cuts<sluice::ResponseReader>(sluice::text_of(data, size), limits, to_head);
    }
  }
  return 0;
}
