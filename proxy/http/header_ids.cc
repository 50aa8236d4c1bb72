#include "proxy/http/header_ids.h"

#include <algorithm>
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

constexpr size_t kLongest = kKnown.back().name.size();

// Where the names of each length begin; the last entry is the end.
constexpr std::array<uint8_t, kLongest + 2> kFirstOfLength = [] {
  std::array<uint8_t, kLongest + 2> first{};
  for (size_t length = 0; length < first.size(); ++length) {
    while (first[length] < kKnown.size() && kKnown[first[length]].name.size() < length) ++first[length];
  }
  return first;
}();

char fold(char c) { return c == '_' ? '-' : to_lower(c); }

bool equals_folded(std::string_view name, std::string_view known) {
  return fold(name[0]) == known[0] && fold(name.back()) == known.back() &&
         std::equal(name.begin() + 1, name.end(), known.begin() + 1, known.end(),
                    [](char a, char b) { return fold(a) == b; });
}

bool begins_folded(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && equals_folded(name.substr(0, prefix.size()), prefix);
}

}  // namespace

HeaderName identify_header(std::string_view name) {
  const bool exact = name.find('_') == std::string_view::npos;
  if (!name.empty() && name.size() <= kLongest) {
    for (size_t i = kFirstOfLength[name.size()]; i < kFirstOfLength[name.size() + 1]; ++i) {
      if (equals_folded(name, kKnown[i].name)) return {kKnown[i].id, exact};
    }
  }
  if (begins_folded(name, "x-forwarded-")) return {HeaderId::kForwarded, exact};
  if (begins_folded(name, "sluice-")) return {HeaderId::kSluice, exact};
  return {HeaderId::kOther, exact};
}

}  // namespace sluice
