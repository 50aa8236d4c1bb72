#include "proxy/http/header_ids.h"

#include <array>

#include "config/ascii.h"

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
    Known{"tracestate", HeaderId::kTracestate},
    Known{"retry-after", HeaderId::kRetryAfter},
    Known{"traceparent", HeaderId::kTraceparent},
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

constexpr size_t kLongest = kKnown.back().name.size();

// Where the names of each length begin; the last entry is the end.
constexpr std::array<uint8_t, kLongest + 2> kFirstOfLength = [] {
  std::array<uint8_t, kLongest + 2> first{};
  for (size_t length = 0; length < first.size(); ++length) {
    while (first[length] < kKnown.size() && kKnown[first[length]].name.size() < length) ++first[length];
  }
  return first;
}();

// Lower case, and `_` as `-`.
constexpr std::array<char, 256> kFolded = [] {
  std::array<char, 256> folded{};
  for (size_t i = 0; i < folded.size(); ++i) folded[i] = to_lower(static_cast<char>(i));
  folded['_'] = '-';
  return folded;
}();

char fold(char c) { return kFolded[static_cast<unsigned char>(c)]; }

bool equals_folded(std::string_view name, std::string_view known) {
  for (size_t i = 0; i < known.size(); ++i) {
    if (fold(name[i]) != known[i]) return false;
  }
  return true;
}

bool begins_folded(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && equals_folded(name, prefix);
}

}  // namespace

HeaderName identify_header(std::string_view name) {
  HeaderName found;
  for (const char c : name) found.exact = found.exact && c != '_';
  if (name.size() <= kLongest) {
    for (size_t i = kFirstOfLength[name.size()]; i < kFirstOfLength[name.size() + 1]; ++i) {
      if (!equals_folded(name, kKnown[i].name)) continue;
      found.id = kKnown[i].id;
      return found;
    }
  }
  if (begins_folded(name, "x-forwarded-")) found.id = HeaderId::kForwarded;
  if (begins_folded(name, "sluice-")) found.id = HeaderId::kSluice;
  return found;
}

}  // namespace sluice
