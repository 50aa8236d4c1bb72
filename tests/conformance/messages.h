// messages: what a side has got, read strictly and written in one way, so that every replay of a case can be
// compared. Knows nothing of the parsers under test.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>

namespace sluice {

struct Message {
  std::string text;
  size_t length = 0;  // octets taken
  bool whole = false;
  bool closes = false;  // says that it is the connection's last
};

// Takes the line that begins so out of a head; the gate adds each once.
inline void drop(std::string& head, const std::string& line) {
  const size_t at = head.find("\r\n" + line);
  if (at == std::string::npos) {
    head += "(no " + line + ")";
  } else {
    head.erase(at, head.find("\r\n", at + 2) - at);
  }
}

inline std::string field_of(std::string_view head, std::string name) {
  name = "\r\n" + name + ": ";
  const size_t at = head.find(name);
  if (at == std::string_view::npos) return {};
  const size_t start = at + name.size();
  return std::string(head.substr(start, head.find("\r\n", start) - start));
}

// The chunks of one body joined to one, because their borders depend on how octets came.
inline void read_chunks(std::string_view body, Message& message) {
  std::string data;
  size_t at = 0;
  while (true) {
    const size_t line = body.find("\r\n", at);
    if (line == std::string_view::npos) break;
    const std::string digits(body.substr(at, line - at));
    if (digits.empty() || digits.find_first_not_of("0123456789abcdef") != std::string::npos) break;
    const size_t size = std::stoul(digits, nullptr, 16);
    if (body.size() < line + 4 + size || body.substr(line + 2 + size, 2) != "\r\n") break;
    data += body.substr(line + 2, size);
    at = line + 4 + size;
    message.whole = size == 0;
    if (message.whole) break;
  }
  std::ostringstream text;
  if (!data.empty()) text << std::hex << data.size() << "\r\n" << data << "\r\n";
  if (message.whole) text << "0\r\n\r\n";
  if (!message.whole && at < body.size()) text << "(not a chunk: " << body.substr(at) << ")";
  message.text += text.str();
  message.length += message.whole ? at : body.size();
}

inline void read_body(std::string_view head, std::string_view rest, bool until_close, Message& message) {
  const std::string length = field_of(head, "Content-Length");
  if (field_of(head, "Transfer-Encoding") == "chunked") return read_chunks(rest, message);
  size_t size = 0;
  if (!length.empty()) {
    size = std::stoul(length);
  } else if (until_close) {
    size = rest.size();
  }
  message.whole = rest.size() >= size;
  size = std::min(size, rest.size());
  message.text += rest.substr(0, size);
  message.length += size;
}

// False: not one head, then, but octets.
inline bool is_head(std::string_view head) {
  for (size_t at = head.find("\r\n") + 2; at < head.size(); at = head.find("\r\n", at) + 2) {
    const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos || line.find_first_of("\r\n\t \v\f", 0) < colon) return false;
  }
  return true;
}

// A request as it reached the vendor, without what the gate adds to every one.
inline Message read_request(std::string_view octets) {
  const size_t end = octets.find("\r\n\r\n");
  if (end == std::string_view::npos || !is_head(octets.substr(0, end + 2)))
    return {"(not a request) " + std::string(octets), octets.size(), false};
  const std::string whole_head(octets.substr(0, end + 2));
  std::string head = whole_head;
  Message message;
  message.length = end + 4;
  for (const char* line : {"Host: 127.0.0.1:1\r\n", "Accept-Encoding: identity\r\n", "Via: 1.1 sluice\r\n",
                           "x-api-key: vendor-key-of-the-scenario\r\n"}) {
    drop(head, line);
  }
  message.text = head + "\r\n";
  read_body(whole_head, octets.substr(end + 4), false, message);
  return message;
}

// An answer as the client got it: "400 malformed-request" for one of the gate's own.
inline Message read_answer(std::string_view octets, bool to_head) {
  const size_t end = octets.find("\r\n\r\n");
  if (end == std::string_view::npos || !is_head(octets.substr(0, end + 2)) ||
      !octets.starts_with("HTTP/1.1 "))
    return {"(not an answer) " + std::string(octets), octets.size(), false};
  const std::string whole_head(octets.substr(0, end + 2)), status = whole_head.substr(9, 3);
  std::string head = whole_head;
  Message message;
  message.length = end + 4;
  if (status == "100") return {head + "\r\n", end + 4, true};
  const bool gate = field_of(whole_head, "Sluice-Origin") == "gate";
  drop(head, "Sluice-Request-Id: ");
  if (head.find("Sluice-Queued-Ms: ") != std::string::npos)
    drop(head, "Sluice-Queued-Ms: ");  // a matter of time
  message.text = head + "\r\n";
  message.closes = field_of(whole_head, "Connection") == "close";
  message.whole = true;
  if (!to_head && status != "204" && status != "304")
    read_body(whole_head, octets.substr(end + 4), true, message);
  if (!gate) return message;
  constexpr std::string_view kType = "urn:sluice:problem:";
  const size_t type = message.text.find(kType);
  if (!message.whole) return message;
  const size_t start = type + kType.size();
  const bool has_type = type != std::string::npos;
  message.text =
      status + (has_type ? " " + message.text.substr(start, message.text.find('"', start) - start) : "");
  return message;
}

}  // namespace sluice
