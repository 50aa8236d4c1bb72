#include "proxy/http/h1_parser.h"

#include <llhttp.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "config/ascii.h"
#include "policy/methods.h"

namespace sluice {

namespace {

// What llhttp hands over of one head.
struct Collector {
  std::string_view method, target, reason;
  std::vector<HeaderField>* fields = nullptr;
  std::string_view name, value;  // of the field at hand

  static Collector& of(llhttp_t* parser) { return *static_cast<Collector*>(parser->data); }
};

const llhttp_settings_t& settings() {
  static const llhttp_settings_t kMade = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_method = [](llhttp_t* p, const char* at, size_t n) {
      Collector::of(p).method = {at, n};
      return 0;
    };
    s.on_url = [](llhttp_t* p, const char* at, size_t n) {
      Collector::of(p).target = {at, n};
      return 0;
    };
    s.on_status = [](llhttp_t* p, const char* at, size_t n) {
      Collector::of(p).reason = {at, n};
      return 0;
    };
    s.on_header_field = [](llhttp_t* p, const char* at, size_t n) {
      Collector::of(p).name = {at, n};
      return 0;
    };
    s.on_header_value = [](llhttp_t* p, const char* at, size_t n) {
      Collector::of(p).value = {at, n};
      return 0;
    };
    s.on_header_value_complete = [](llhttp_t* p) {
      Collector& collector = Collector::of(p);
      const HeaderName known = identify_header(collector.name);
      collector.fields->push_back({collector.name, trim(collector.value), known.id, known.exact});
      collector.value = {};  // stays so for an empty one
      return 0;
    };
    // No body is parsed here, and no upgrade is entered.
    s.on_headers_complete = [](llhttp_t*) { return static_cast<int>(HPE_PAUSED); };
    return s;
  }();
  return kMade;
}

// Where the next control character stands, at `at` or after it; `text.size()` if there is none. Eight octets
// at a time: an octet is below 0x20 when subtracting 0x20 borrows into its top bit and it had none, and DEL
// is the one that 0x7f turns to zero. Above the first hit a mark may be wrong; the first one never is.
size_t find_control(std::string_view text, size_t at) {
  constexpr uint64_t kOnes = 0x0101010101010101U, kTops = 0x8080808080808080U;
  static_assert(std::endian::native == std::endian::little);
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    const uint64_t deletes = word ^ (kOnes * 0x7f);
    const uint64_t marks = ((word - kOnes * 0x20) | (deletes - kOnes)) & ~word & kTops;
    if (marks != 0) return at + static_cast<size_t>(std::countr_zero(marks)) / 8;
  }
  while (at < text.size() && !is_control(text[at])) ++at;
  return at;
}

// Refuses before llhttp sees it: bare CR or LF, controls, folded lines, an empty name.
std::string_view scan_lines(std::string_view head) {
  bool first = true;
  for (size_t at = find_control(head, 0); at + 1 < head.size(); at = find_control(head, at)) {
    if (head[at] == '\t') {
      if (first) return "a tab in the first line";
      ++at;
      continue;
    }
    if (head[at] != '\r') return "a control character";
    if (head[at + 1] != '\n') return "a bare cr";
    at += 2;
    if (at + 2 == head.size()) return {};  // the empty line
    switch (at < head.size() ? head[at] : '\r') {
      case ' ':
      case '\t': return "a folded line";
      case ':': return "a field without a name";
      case '\r': return "an empty line";
      default: first = false;
    }
  }
  return "no end";
}

// The framing fields of a message, gathered in one pass.
struct FramingFields {
  int lengths = 0, codings = 0, hosts = 0;
  std::string_view length, coding, host;
  bool close = false, keep_alive = false;

  explicit FramingFields(const std::vector<HeaderField>& fields) {
    for (const HeaderField& field : fields) {
      if (!field.exact_name) continue;
      if (field.id == HeaderId::kContentLength) {
        ++lengths;
        length = field.value;
      } else if (field.id == HeaderId::kTransferEncoding) {
        ++codings;
        coding = field.value;
      } else if (field.id == HeaderId::kHost) {
        ++hosts;
        host = field.value;
      } else if (field.id == HeaderId::kConnection) {
        close = close || list_contains(field.value, "close");
        keep_alive = keep_alive || list_contains(field.value, "keep-alive");
      }
    }
  }
};

bool parse_length(std::string_view text, uint64_t& out) {
  if (text.empty() || text.size() > 18) return false;  // below 10^18: sums never overflow
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  out = value;
  return true;
}

// uri-host [":" port] (RFC 9110 7.2), without userinfo.
bool is_valid_host(std::string_view host) {
  if (host.empty() || host.size() > 255) return false;
  size_t end = 0;
  if (host[0] == '[') {
    end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    for (const char c : host.substr(1, end - 1)) {
      if (hex_value(c) < 0 && c != ':' && c != '.') return false;
    }
    ++end;
  } else {
    end = std::min(host.find(':'), host.size());
    for (const char c : host.substr(0, end)) {
      if (!is_alphanumeric(c) && std::string_view("-._~").find(c) == std::string_view::npos) return false;
    }
  }
  if (end == 0) return false;
  const std::string_view port = host.substr(end);
  if (port.empty()) return true;
  if (port.size() < 2 || port.size() > 6 || port[0] != ':') return false;
  return is_digits(port.substr(1));
}

HeadError refuse(std::string_view& detail, HeadError error, std::string_view why) {
  detail = why;
  return error;
}

// Turns an absolute-form target into origin-form; it has to name the host that Host names.
bool to_origin_form(RequestHead& head) {
  if (head.target.empty()) return false;
  if (head.target[0] != '/') {
    const size_t scheme_end = head.target.find("://");
    if (scheme_end == std::string_view::npos) return false;
    const std::string_view scheme = head.target.substr(0, scheme_end);
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return false;
    const std::string_view rest = head.target.substr(scheme_end + 3);
    const size_t path = rest.find('/');
    if (path == std::string_view::npos) return false;
    if (!equals_ignoring_case(rest.substr(0, path), head.host)) return false;
    head.target = rest.substr(path);
  }
  return std::all_of(head.target.begin(), head.target.end(),
                     [](char c) { return is_visible(c) && c != '#' && c != '\\'; });
}

enum class Serves : uint8_t { kRequests, kConnect };

// The first line's own faults, told apart before llhttp sees them, because each has its own status.
HeadError check_request_line(std::string_view head, const HeadLimits& limits, Serves serves,
                             RequestHead& out) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos || !is_token(line.substr(0, method_end))) {
    return refuse(out.detail, HeadError::kMalformed, "the request line has no method");
  }
  const std::string_view method = line.substr(0, method_end);
  out.method = method;
  const size_t target_end = line.find(' ', method_end + 1);
  if (target_end == std::string_view::npos) {
    if (line.size() - method_end > limits.target_size) {
      return refuse(out.detail, HeadError::kTargetTooLong, "the request target is too long");
    }
    return refuse(out.detail, HeadError::kMalformed, "the request line has no version");
  }
  if (target_end - method_end - 1 > limits.target_size) {
    return refuse(out.detail, HeadError::kTargetTooLong, "the request target is too long");
  }
  out.target = line.substr(method_end + 1, target_end - method_end - 1);
  const std::string_view version = line.substr(target_end + 1);
  const bool is_http = version.size() == 8 && version.starts_with("HTTP/") && version[5] >= '0' &&
                       version[5] <= '9' && version[6] == '.' && version[7] >= '0' && version[7] <= '9';
  if (!is_http) return refuse(out.detail, HeadError::kMalformed, "the request line is malformed");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return refuse(out.detail, HeadError::kVersionUnsupported, "only http/1.1 and http/1.0 are served");
  }
  if (serves == Serves::kConnect && method != "CONNECT") {
    return refuse(out.detail, HeadError::kMethodNotAllowed,
                  "this listener is a proxy for https: it serves connect");
  }
  if (serves == Serves::kConnect) return HeadError::kNone;
  const MethodStanding standing = standing_of(method);
  if (standing == MethodStanding::kServed) return HeadError::kNone;
  return refuse(
      out.detail,
      standing == MethodStanding::kUnknown ? HeadError::kMethodUnknown : HeadError::kMethodNotAllowed,
      to_text(standing));
}

// Whether a Transfer-Encoding is well formed but asks for more than chunked: "gzip", "gzip, chunked".
bool is_other_coding(std::string_view list) {
  while (true) {
    const size_t comma = list.find(',');
    const std::string_view coding = trim(list.substr(0, comma));
    if (!is_token(coding)) return false;
    const bool last = comma == std::string_view::npos;
    if (equals_ignoring_case(coding, "chunked") && !last) return false;
    if (last) return true;
    list.remove_prefix(comma + 1);
  }
}

HeadError set_request_framing(const FramingFields& fields, RequestHead& out) {
  if (fields.codings > 0) {
    if (out.minor_version == 0)
      return refuse(out.detail, HeadError::kMalformed, "transfer-encoding in http/1.0");
    if (fields.codings > 1 || fields.lengths > 0) {
      return refuse(out.detail, HeadError::kMalformed, "more than one field says where the body ends");
    }
    if (!equals_ignoring_case(fields.coding, "chunked")) {
      return refuse(out.detail,
                    is_other_coding(fields.coding) ? HeadError::kCodingUnknown : HeadError::kMalformed,
                    "the only transfer coding served is chunked");
    }
    out.framing = {Framing::Kind::kChunked, 0};
    return HeadError::kNone;
  }
  if (fields.lengths == 0) {
    out.framing = {};
    return HeadError::kNone;
  }
  uint64_t length = 0;
  if (fields.lengths > 1 || !parse_length(fields.length, length)) {
    return refuse(out.detail, HeadError::kMalformed, "the content-length is not one number");
  }
  out.framing = {Framing::Kind::kLength, length};
  return HeadError::kNone;
}

HeadError check_expectation(RequestHead& out) {
  out.expects_continue = false;
  for (const HeaderField& field : out.fields) {
    if (field.id != HeaderId::kExpect || !field.exact_name) continue;
    if (!equals_ignoring_case(field.value, "100-continue")) {
      return refuse(out.detail, HeadError::kExpectationFailed, "the only expectation served is 100-continue");
    }
    out.expects_continue = out.minor_version == 1;  // RFC 9110 10.1.1: ignored in HTTP/1.0
  }
  return HeadError::kNone;
}

// Runs llhttp over a whole head.
HeadError run(llhttp_type_t type, std::string_view head, Collector& collector, llhttp_t& parser) {
  llhttp_init(&parser, type, &settings());
  parser.data = &collector;
  const llhttp_errno_t status = llhttp_execute(&parser, head.data(), head.size());
  const bool whole = status == HPE_PAUSED || status == HPE_PAUSED_UPGRADE;
  return whole ? HeadError::kNone : HeadError::kMalformed;
}

// What the heads of all requests have in common: the lines, the fields, and the one Host.
HeadError read_request(std::string_view head, const HeadLimits& limits, Serves serves, RequestHead& out) {
  out.fields.clear();
  out.detail = {};
  out.method = out.target = out.host = {};
  // First: a reader that gets the head in pieces refuses a bare LF before it has seen the whole line.
  if (const std::string_view why = scan_lines(head); !why.empty())
    return refuse(out.detail, HeadError::kMalformed, why);
  if (const HeadError error = check_request_line(head, limits, serves, out); error != HeadError::kNone)
    return error;
  Collector collector;
  collector.fields = &out.fields;
  llhttp_t parser;
  if (const HeadError error = run(HTTP_REQUEST, head, collector, parser); error != HeadError::kNone) {
    return refuse(out.detail, error, "the head is malformed");
  }
  if (out.fields.size() > limits.header_count) {
    return refuse(out.detail, HeadError::kHeadTooLarge, "too many header fields");
  }
  out.method = collector.method;
  out.target = collector.target;
  out.minor_version = parser.http_minor;
  return HeadError::kNone;
}

HeadError set_host(const FramingFields& fields, RequestHead& out) {
  if (fields.hosts > 1 || (fields.hosts == 0 && out.minor_version == 1)) {
    return refuse(out.detail, HeadError::kMalformed, "a request has exactly one host");
  }
  if (fields.hosts == 1 && !is_valid_host(fields.host))
    return refuse(out.detail, HeadError::kMalformed, "the host is malformed");
  out.host = fields.host;
  return HeadError::kNone;
}

}  // namespace

bool list_contains(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (equals_ignoring_case(trim(list.substr(0, comma)), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

HeadError parse_request_head(std::string_view head, const HeadLimits& limits, RequestHead& out) {
  if (const HeadError error = read_request(head, limits, Serves::kRequests, out); error != HeadError::kNone)
    return error;
  const FramingFields fields(out.fields);
  if (const HeadError error = set_host(fields, out); error != HeadError::kNone) return error;
  if (!to_origin_form(out))
    return refuse(out.detail, HeadError::kMalformed, "the request target is malformed");
  if (const HeadError error = set_request_framing(fields, out); error != HeadError::kNone) return error;
  out.keep_alive = !fields.close && (out.minor_version == 1 || fields.keep_alive);
  return check_expectation(out);
}

HeadError parse_connect_head(std::string_view head, const HeadLimits& limits, RequestHead& out) {
  if (const HeadError error = read_request(head, limits, Serves::kConnect, out); error != HeadError::kNone)
    return error;
  const FramingFields fields(out.fields);
  if (fields.lengths > 0 || fields.codings > 0)
    return refuse(out.detail, HeadError::kMalformed, "connect has no body");
  out.framing = {};
  out.keep_alive = false;
  return set_host(fields, out);
}

HeadError parse_response_head(std::string_view head, const HeadLimits& limits, bool to_head,
                              ResponseHead& out) {
  out.fields.clear();
  out.detail = {};
  if (!head.starts_with("HTTP/1.1 ") && !head.starts_with("HTTP/1.0 ")) {
    return refuse(out.detail, HeadError::kMalformed, "not an http/1 answer");
  }
  const std::string_view after = head.substr(9);
  if (!is_digits(after.substr(0, 3)) || (after[3] != ' ' && after[3] != '\r')) {
    return refuse(out.detail, HeadError::kMalformed, "the status is not three digits");
  }
  if (const std::string_view why = scan_lines(head); !why.empty())
    return refuse(out.detail, HeadError::kMalformed, why);
  Collector collector;
  collector.fields = &out.fields;
  llhttp_t parser;
  if (run(HTTP_RESPONSE, head, collector, parser) != HeadError::kNone) {
    return refuse(out.detail, HeadError::kMalformed, "the head is malformed");
  }
  if (out.fields.size() > limits.header_count) {
    return refuse(out.detail, HeadError::kHeadTooLarge, "too many header fields");
  }
  out.text = head;
  out.status = parser.status_code;
  out.reason = collector.reason;
  out.minor_version = parser.http_minor;
  if (out.status < 100 || out.status > 599)
    return refuse(out.detail, HeadError::kMalformed, "the status is out of range");
  const FramingFields fields(out.fields);
  uint64_t length = 0;
  if (fields.codings > 1 || fields.lengths > 1 || (fields.codings > 0 && fields.lengths > 0)) {
    return refuse(out.detail, HeadError::kMalformed, "more than one field says where the body ends");
  }
  if (fields.codings > 0 && (out.minor_version == 0 || !equals_ignoring_case(fields.coding, "chunked"))) {
    return refuse(out.detail, HeadError::kMalformed, "the transfer coding is not chunked");
  }
  if (fields.lengths > 0 && !parse_length(fields.length, length)) {
    return refuse(out.detail, HeadError::kMalformed, "the content-length is not one number");
  }
  out.keep_alive = !fields.close && (out.minor_version == 1 || fields.keep_alive);
  if (to_head || out.status < 200 || out.status == 204 || out.status == 304) {  // RFC 9112 6.3
    out.framing = {};
  } else if (fields.codings > 0) {
    out.framing = {Framing::Kind::kChunked, 0};
  } else if (fields.lengths > 0) {
    out.framing = {Framing::Kind::kLength, length};
  } else {
    out.framing = {Framing::Kind::kUntilClose, 0};
    out.keep_alive = false;
  }
  return HeadError::kNone;
}

HeadReader::Step HeadReader::feed(std::string_view data, const HeadLimits& limits) {
  // However it is cut, "\r\n" is one empty line.
  const bool starts_with_line = buffer_.empty() && data.starts_with("\r\n");
  if (!skipped_line_ && (starts_with_line || (buffer_ == "\r" && data.starts_with('\n')))) {
    const size_t length = starts_with_line ? 2 : 1;
    skipped_line_ = true;
    buffer_.clear();
    Step step = feed(data.substr(length), limits);
    step.consumed += length;
    return step;
  }
  const size_t held = buffer_.size();
  const size_t from = held < 3 ? 0 : held - 3;
  std::string_view seen = data;
  if (held > 0) {
    buffer_.append(data.substr(0, limits.head_size + 1 - std::min(held, limits.head_size)));
    seen = buffer_;
  }
  const size_t end = seen.find("\r\n\r\n", from);
  if (end != std::string_view::npos && end + 4 <= limits.head_size) {
    return {State::kHead, seen.substr(0, end + 4), end + 4 - held, HeadError::kNone};
  }
  // A bare LF never ends a line: waiting for more would only hold the connection.
  for (size_t lf = seen.find('\n', from); lf < limits.head_size; lf = seen.find('\n', lf + 1)) {
    if (lf == 0 || seen[lf - 1] != '\r') return {State::kBad, {}, 0, HeadError::kMalformed};
  }
  if (seen.size() > limits.head_size) {
    const bool first_line_only = seen.substr(0, limits.head_size).find('\n') == std::string_view::npos;
    return {State::kBad, {}, 0, first_line_only ? HeadError::kTargetTooLong : HeadError::kHeadTooLarge};
  }
  if (held == 0) buffer_.assign(data);
  return {State::kNeedMore, {}, data.size(), HeadError::kNone};
}

}  // namespace sluice
