#include "proxy/audit/event_source.h"

#include <unistd.h>

#include <array>

namespace sluice {

std::string event_source() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') return "/sluice/unknown";
  std::string source = "/sluice/";
  for (const char* c = host.data(); *c != '\0'; ++c) {
    const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
                       *c == '.' || *c == '-' || *c == '_';
    source += plain ? *c : '-';
  }
  return source;
}

std::string event_origin() {
  const std::string source = event_source();
  return source.substr(source.rfind('/') + 1);
}

}  // namespace sluice
