#include "proxy/http/header_ids.h"

#include <algorithm>
#include <array>

namespace sluice {

namespace {

struct Known {
  std::string_view name;
  HeaderId id;
};

// Sorted by length, so that a lookup looks at names of its own length only.
constexpr std::array kKnown = {
    Known{"te", HeaderId::kTe},
    Known{"via", HeaderId::kVia},
    Known{"host", HeaderId::kHost},
    Known{"expect", HeaderId::kExpect},
    Known{"prefer", HeaderId::kPrefer},
    Known{"trailer", HeaderId::kTrailer},
    Known{"upgrade", HeaderId::kUpgrade},
    Known{"forwarded", HeaderId::kForwarded},
    Known{"x-api-key", HeaderId::kApiKey},
    Known{"x-real-ip", HeaderId::kForwarded},
    Known{"connection", HeaderId::kConnection},
    Known{"keep-alive", HeaderId::kKeepAlive},
    Known{"retry-after", HeaderId::kRetryAfter},
    Known{"authorization", HeaderId::kAuthorization},
    Known{"x-http-method", HeaderId::kMethodOverride},
    Known{"x-rewrite-url", HeaderId::kMethodOverride},
    Known{"content-length", HeaderId::kContentLength},
    Known{"http2-settings", HeaderId::kProxyConnection},
    Known{"x-original-url", HeaderId::kMethodOverride},
    Known{"accept-encoding", HeaderId::kAcceptEncoding},
    Known{"x-http-override", HeaderId::kMethodOverride},
    Known{"content-encoding", HeaderId::kContentEncoding},
    Known{"proxy-connection", HeaderId::kProxyConnection},
    Known{"transfer-encoding", HeaderId::kTransferEncoding},
    Known{"x-method-override", HeaderId::kMethodOverride},
    Known{"proxy-authenticate", HeaderId::kProxyConnection},
    Known{"proxy-authorization", HeaderId::kProxyAuthorization},
    Known{"x-http-method-override", HeaderId::kMethodOverride},
};

char fold(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c + 32);
  return c == '_' ? '-' : c;
}

bool equals_folded(std::string_view name, std::string_view known) {
  return std::equal(name.begin(), name.end(), known.begin(), known.end(),
                    [](char a, char b) { return fold(a) == b; });
}

}  // namespace

HeaderName identify_header(std::string_view name) {
  const bool exact = name.find('_') == std::string_view::npos;
  for (const Known& known : kKnown) {
    if (known.name.size() < name.size()) continue;
    if (known.name.size() > name.size()) break;
    if (equals_folded(name, known.name)) return {known.id, exact};
  }
  if (name.size() > 12 && equals_folded(name.substr(0, 12), "x-forwarded-"))
    return {HeaderId::kForwarded, exact};
  if (name.size() > 7 && equals_folded(name.substr(0, 7), "sluice-")) return {HeaderId::kSluice, exact};
  return {HeaderId::kOther, exact};
}

}  // namespace sluice
