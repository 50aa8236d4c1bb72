#include "policy/methods.h"

#include <algorithm>
#include <array>

namespace sluice {
namespace {

// Those that llhttp reads, but for TRACE and CONNECT; the frequent ones first.
constexpr std::array<std::string_view, 32> kServed{
    "GET",    "HEAD",   "POST",       "OPTIONS",    "PUT",         "PATCH",  "DELETE", "PROPFIND",
    "PURGE",  "ACL",    "BIND",       "CHECKOUT",   "COPY",        "LINK",   "LOCK",   "M-SEARCH",
    "MERGE",  "MKCOL",  "MKACTIVITY", "MKCALENDAR", "MOVE",        "NOTIFY", "REBIND", "PROPPATCH",
    "REPORT", "SEARCH", "SOURCE",     "SUBSCRIBE",  "UNSUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK"};

}  // namespace

MethodStanding standing_of(std::string_view method) {
  if (std::find(kServed.begin(), kServed.end(), method) != kServed.end()) return MethodStanding::kServed;
  return method == "TRACE" || method == "CONNECT" ? MethodStanding::kNotAllowed : MethodStanding::kUnknown;
}

std::string_view to_text(MethodStanding standing) {
  switch (standing) {
    case MethodStanding::kServed: break;
    case MethodStanding::kNotAllowed: return "this method is not served";
    case MethodStanding::kUnknown: return "the method is not known; methods are in capitals";
  }
  return "";
}

std::optional<Refusal> refuse_method(std::string_view method) {
  const MethodStanding standing = standing_of(method);
  if (standing == MethodStanding::kServed) return std::nullopt;
  const bool known = standing == MethodStanding::kNotAllowed;
  return Refusal{known ? 405 : 501, known ? "method-not-allowed" : "not-implemented",
                 std::string(to_text(standing))};
}

std::span<const std::string_view> served_methods() { return kServed; }

}  // namespace sluice
