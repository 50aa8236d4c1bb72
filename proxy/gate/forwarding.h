// forwarding: what of a head goes on to the other side (RFC 9110 7.6, interface 5). Heads are written anew
// from what was parsed; no octet of a head is passed on raw. Pure helpers of the exchange.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/request_view.h"
#include "proxy/http/h1_parser.h"

namespace sluice {

// The caller's fields that go to the vendor, and that the policy sees: without hop-by-hop fields and those
// named by Connection, credentials, forwarding claims, method overrides, and what the gate writes itself.
void select_request_fields(const RequestHead& head, std::string_view credential_header,
                           std::vector<HeaderView>& out, std::span<const std::string> other_credentials = {});

struct RequestLine {
  std::string_view method;
  std::string_view path_prefix;  // of the upstream URL
  std::string_view path;
  std::string_view query;
  bool has_query = false;
  std::string_view authority;  // Host
};
// The upstream head but for framing, credential and the empty line.
void append_request_head(std::string& out, const RequestLine& line, const std::vector<HeaderView>& fields);

struct ResponseExtras {
  std::string_view request_id;
  int64_t queued_ms = 0;  // 0: did not wait
  bool keep_alive = true;
  bool chunked = false;  // the gate frames the body anew
};
void append_response_head(std::string& out, const ResponseHead& head, const ResponseExtras& extras);

// SECONDS of "Prefer: wait=SECONDS" (RFC 7240 4.3), or -1.
int64_t preferred_wait(const RequestHead& head);

}  // namespace sluice
