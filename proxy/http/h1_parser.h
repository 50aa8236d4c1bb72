// h1_parser: HTTP/1.1 heads from octets (RFC 9112), as strictly as an intermediary that holds keys must be.
// llhttp in strict mode does the syntax; what it lets through is refused here: folds, bare CR or LF, NUL and
// other controls, empty names, a missing or second Host, any Transfer-Encoding but one "chunked" in HTTP/1.1,
// Content-Length beside it, versions but 1.0 and 1.1, targets but origin-form (or an absolute-form that
// agrees with Host). Bodies are body_framing.h: llhttp never sees them. Pure but for HeadReader's buffer.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/body_framing.h"
#include "proxy/http/header_ids.h"

namespace sluice {

struct HeaderField {
  std::string_view name;
  std::string_view value;  // without surrounding white space
  HeaderId id = HeaderId::kOther;
  bool exact_name = true;  // see HeaderName
};

struct HeadLimits {
  size_t head_size = 32 * 1024;
  size_t header_count = 100;
  size_t target_size = 8 * 1024;
};

// Why a head was refused. Each has a status and a problem type in local_reply.h.
enum class HeadError : uint8_t {
  kNone,
  kMalformed,           // 400
  kTargetTooLong,       // 414
  kHeadTooLarge,        // 431: octets or fields
  kExpectationFailed,   // 417
  kMethodNotAllowed,    // 405: CONNECT, TRACE
  kMethodUnknown,       // 501
  kCodingUnknown,       // 501: a transfer coding but chunked
  kVersionUnsupported,  // 505
};

struct RequestHead {
  std::string_view method;
  std::string_view target;  // origin-form
  std::string_view host;    // lower case not applied; "" only for HTTP/1.0 without Host
  int minor_version = 1;
  std::vector<HeaderField> fields;
  Framing framing;
  bool keep_alive = true;
  bool expects_continue = false;
  std::string_view detail;  // of a refusal: static text
};

struct ResponseHead {
  std::string_view text;  // all of it
  int status = 0;
  std::string_view reason;
  int minor_version = 1;
  std::vector<HeaderField> fields;
  Framing framing;
  bool keep_alive = true;
  std::string_view detail;
};

// `head` ends with the empty line. `out` is reused: its vector keeps its capacity. Views point into `head`.
HeadError parse_request_head(std::string_view head, const HeadLimits& limits, RequestHead& out);
// As parse_request_head, of a proxy's listener that serves CONNECT alone (RFC 9110 9.3.6): `target` comes out
// as it was sent, in authority-form if the client is right; a field that announces a body is refused.
HeadError parse_connect_head(std::string_view head, const HeadLimits& limits, RequestHead& out);
// Anything but kNone is a broken upstream. `to_head`: the request was HEAD.
HeadError parse_response_head(std::string_view head, const HeadLimits& limits, bool to_head,
                              ResponseHead& out);

// Whether a comma-separated list holds the token, any case.
bool list_contains(std::string_view list, std::string_view token);

// HeadReader: finds the end of a head in a stream of octets. A head that arrives whole is not copied.
class HeadReader {
 public:
  enum class State : uint8_t { kNeedMore, kHead, kBad };
  struct Step {
    State state = State::kNeedMore;
    std::string_view head;  // valid while `data` and the reader are left alone
    size_t consumed = 0;    // of `data`
    HeadError error = HeadError::kNone;
  };

  Step feed(std::string_view data, const HeadLimits& limits);
  // Some octets have come.
  bool started() const { return !buffer_.empty() || skipped_line_; }
  void reset() {
    buffer_ = {};  // an idle connection holds no memory
    skipped_line_ = false;
  }

 private:
  std::string buffer_;
  bool skipped_line_ = false;  // one empty line before the head is (RFC 9112 2.2)
};

}  // namespace sluice
