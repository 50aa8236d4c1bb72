// A stream of requests: however it is cut, the same heads, bodies and errors; and each head holds what its
// lines say.
#include "policy/methods.h"
#include "tests/fuzz/raw_head.h"
#include "tests/fuzz/stream_reader.h"

namespace sluice {
namespace {

void check_framing(const RequestHead& head, const RawHead& raw) {
  const size_t lengths = count_of(raw, "content-length");
  const size_t codings = count_of(raw, "transfer-encoding");
  require(lengths + codings <= 1, "one field at most says where a body ends");
  switch (head.framing.kind) {
    case Framing::Kind::kNone: return require(lengths + codings == 0, "a body is framed");
    case Framing::Kind::kLength:
      require(lengths == 1, "a length has a field");
      return require(head.framing.length == std::stoull(value_of(raw, "content-length")),
                     "a length is its field's");
    case Framing::Kind::kChunked:
      require(head.minor_version == 1, "chunks come in HTTP/1.1 only");
      return require(lower_case(value_of(raw, "transfer-encoding")) == "chunked", "chunks have a field");
    case Framing::Kind::kUntilClose: require(false, "a request does not end with its connection");
  }
}

void check_head(const RequestHead& head, std::string_view text, const HeadLimits& limits) {
  const RawHead raw = take_apart(text);
  require(standing_of(head.method) == MethodStanding::kServed, "the method is served");
  require(head.target.starts_with('/') && head.target.size() <= limits.target_size, "the target is a path");
  require(is_one_line(head.method) && is_one_line(head.target), "the first line is one line");
  const std::string line = raw.first_line;
  const std::string version = head.minor_version == 1 ? " HTTP/1.1" : " HTTP/1.0";
  require(line.starts_with(std::string(head.method) + " "), "the method is the line's");
  require(line.ends_with(std::string(head.target) + version), "the target and the version are the line's");
  require(count_of(raw, "host") == 1 || (head.minor_version == 0 && count_of(raw, "host") == 0),
          "there is one host");
  require(head.host == value_of(raw, "host"), "the host is its field's");
  require(head.fields.size() == raw.fields.size(), "every line is a field");
  require(head.fields.size() <= limits.header_count, "the fields are within their limit");
  for (size_t i = 0; i < raw.fields.size(); ++i) {
    require(head.fields[i].name == raw.fields[i].name && is_one_line(raw.fields[i].name),
            "a name is its line's");
    require(head.fields[i].value == raw.fields[i].value && is_one_line(raw.fields[i].value),
            "a value is its line's");
  }
  check_framing(head, raw);
}

class RequestReader : public StreamReader {
 public:
  using StreamReader::StreamReader;

 protected:
  Head read_head(std::string_view text, const HeadLimits& limits) override {
    const HeadError error = parse_request_head(text, limits, head_);
    if (error != HeadError::kNone) {
      require(!head_.detail.empty(), "a refusal says why");
      return {error, {}, false};
    }
    check_head(head_, text, limits);
    tell(head_.method, head_.target);
    tell("host", head_.host);
    tell("minor version", static_cast<uint64_t>(head_.minor_version));
    tell(head_.fields);
    tell("framing", static_cast<uint64_t>(head_.framing.kind));
    tell("length", head_.framing.length);
    tell("keeps alive", head_.keep_alive ? 1 : 0);
    tell("expects continue", head_.expects_continue ? 1 : 0);
    return {error, head_.framing, false};
  }

 private:
  RequestHead head_;  // used again for the next one, as the gate does
};

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const sluice::HeadLimits& limits : sluice::tried_limits()) {
    sluice::compare_cuts<sluice::RequestReader>(sluice::text_of(data, size), limits);
  }
  return 0;
}
