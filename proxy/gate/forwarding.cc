#include "proxy/gate/forwarding.h"

#include <algorithm>

#include "proxy/gate/identity.h"
#include "proxy/http/h1_writer.h"

namespace sluice {

namespace {

bool named_by_connection(const std::vector<HeaderField>& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [name](const HeaderField& field) {
    return field.id == HeaderId::kConnection && list_contains(field.value, name);
  });
}

bool has_connection_options(const std::vector<HeaderField>& fields) {
  return std::any_of(fields.begin(), fields.end(),
                     [](const HeaderField& field) { return field.id == HeaderId::kConnection; });
}

bool is_hop_by_hop(HeaderId id) {
  switch (id) {
    case HeaderId::kConnection:
    case HeaderId::kKeepAlive:
    case HeaderId::kProxyConnection:
    case HeaderId::kProxyAuthorization:
    case HeaderId::kTe:
    case HeaderId::kTrailer:
    case HeaderId::kTransferEncoding:
    case HeaderId::kUpgrade: return true;
    default: return false;
  }
}

// Fields of a request that the gate answers for itself, or that would let the caller speak for somebody else.
bool is_kept_back(HeaderId id) {
  switch (id) {
    case HeaderId::kAcceptEncoding:
    case HeaderId::kContentLength:
    case HeaderId::kExpect:
    case HeaderId::kForwarded:
    case HeaderId::kHost:
    case HeaderId::kMethodOverride:
    case HeaderId::kSluice: return true;
    default: return is_hop_by_hop(id);
  }
}

}  // namespace

void select_request_fields(const RequestHead& head, std::string_view credential_header,
                           std::vector<HeaderView>& out, std::span<const std::string> other_credentials) {
  out.clear();
  const bool options = has_connection_options(head.fields);
  for (const HeaderField& field : head.fields) {
    // A known name spelt with "_" is nobody's field here, and may be a known one there.
    if (field.id != HeaderId::kOther && !field.exact_name) continue;
    if (is_kept_back(field.id) || is_credential_field(field, credential_header, other_credentials)) continue;
    if (options && named_by_connection(head.fields, field.name)) continue;
    out.push_back({field.name, field.value});
  }
}

void append_request_head(std::string& out, const RequestLine& line, const std::vector<HeaderView>& fields) {
  out += line.method;
  out += ' ';
  out += line.path_prefix;
  out += line.path;
  if (line.has_query) {
    out += '?';
    out += line.query;
  }
  out += " HTTP/1.1\r\n";
  append_field(out, "Host", line.authority);
  for (const HeaderView& field : fields) append_field(out, field.name, field.value);
  append_field(out, "Accept-Encoding", "identity");  // the answer is searched for the key
  append_field(out, "Via", "1.1 sluice");
}

void append_response_head(std::string& out, const ResponseHead& head, const ResponseExtras& extras) {
  append_status_line(out, head.status, head.reason);
  const bool options = has_connection_options(head.fields);
  for (const HeaderField& field : head.fields) {
    if (is_hop_by_hop(field.id) || field.id == HeaderId::kSluice) continue;
    if (field.id == HeaderId::kContentLength) {
      // It frames the answer for the client, whatever Connection says of it. A 204 has none (RFC 9110 8.6).
      const bool frames = field.exact_name && !extras.chunked && head.status != 204;
      if (frames) append_field(out, field.name, field.value);
      continue;
    }
    if (options && named_by_connection(head.fields, field.name)) continue;
    append_field(out, field.name, field.value);
  }
  if (extras.chunked) append_field(out, "Transfer-Encoding", "chunked");
  append_field(out, "Sluice-Request-Id", extras.request_id);
  if (extras.queued_ms > 0) append_field(out, "Sluice-Queued-Ms", static_cast<uint64_t>(extras.queued_ms));
  if (!extras.keep_alive) append_field(out, "Connection", "close");
  out += "\r\n";
}

int64_t preferred_wait(const RequestHead& head) {
  for (const HeaderField& field : head.fields) {
    if (field.id != HeaderId::kPrefer) continue;
    const size_t at = field.value.find("wait=");
    if (at == std::string_view::npos) continue;
    if (at > 0 && field.value[at - 1] != ' ' && field.value[at - 1] != ',' && field.value[at - 1] != ';')
      continue;
    int64_t seconds = -1;
    for (const char c : field.value.substr(at + 5)) {
      if (c < '0' || c > '9' || seconds > 1'000'000) break;
      seconds = std::max<int64_t>(seconds, 0) * 10 + (c - '0');
    }
    return seconds;
  }
  return -1;
}

}  // namespace sluice
