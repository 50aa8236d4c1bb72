#include "proxy/cli/simulate/push_list.h"

#include <algorithm>
#include <charconv>

#include "config/address.h"
#include "config/ascii.h"
#include "proxy/crypto.h"

namespace sluice {
namespace {

constexpr size_t kDefaultLimit = 100;
constexpr size_t kMaxLimit = 200;
constexpr std::string_view kTokenStart = "after?";  // its base64 holds what a query has to encode

std::optional<size_t> whole_number(std::string_view text) {
  size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, number);
  if (text.empty() || problem != std::errc() || stopped != end) return std::nullopt;
  return number;
}

bool is_well_formed(const PushFilter& filter, const std::string& value) {
  switch (filter.kind) {
    case PushFilter::Kind::kAfter:
    case PushFilter::Kind::kBefore: return whole_number(value).has_value();
    case PushFilter::Kind::kBoolean: return value == "true" || value == "false";
    case PushFilter::Kind::kEquals:
    case PushFilter::Kind::kContains:
    case PushFilter::Kind::kIncludes: break;
  }
  return true;
}

// Requires: is_well_formed().
bool passes(const Json& item, const PushFilter& filter, const std::string& value) {
  const Json member = item.value(filter.member, Json());
  switch (filter.kind) {
    case PushFilter::Kind::kEquals: return member == value;
    case PushFilter::Kind::kContains:
      return to_lower(text_member(item, filter.member)).find(to_lower(value)) != std::string::npos;
    case PushFilter::Kind::kAfter: return member.is_number() && member.get<size_t>() > *whole_number(value);
    case PushFilter::Kind::kBefore: return member.is_number() && member.get<size_t>() < *whole_number(value);
    case PushFilter::Kind::kIncludes: return std::find(member.begin(), member.end(), value) != member.end();
    case PushFilter::Kind::kBoolean: return member == (value == "true");
  }
  return false;
}

std::string token_for(size_t offset) {
  return base64_encode(std::string(kTokenStart) + std::to_string(offset) + ">>");
}

std::optional<size_t> offset_of(std::string_view token) {
  const std::optional<std::string> text = base64_decode(token);
  if (!text || text->substr(0, kTokenStart.size()) != kTokenStart || text->size() < kTokenStart.size() + 2) {
    return std::nullopt;
  }
  return whole_number(
      std::string_view(*text).substr(kTokenStart.size(), text->size() - kTokenStart.size() - 2));
}

}  // namespace

HttpResponse answer_push_list(const Call& call, const Collection& collection,
                              std::span<const PushFilter> filters) {
  const std::string* limit_text = call.find("limit");
  const std::string* token = call.find("nextToken");
  const std::string* offset_text = call.find("offset");
  if (token != nullptr && offset_text != nullptr)
    return answer_message(400, "nextToken and offset exclude each other");
  const std::optional<size_t> limit = limit_text != nullptr ? whole_number(*limit_text) : kDefaultLimit;
  if (!limit || *limit == 0 || *limit > kMaxLimit)
    return answer_message(400, "limit has to be a number from 1 to 200");
  std::optional<size_t> offset = 0;
  if (token != nullptr) offset = offset_of(*token);
  if (offset_text != nullptr) offset = whole_number(*offset_text);
  if (!offset) return answer_message(400, "nextToken or offset is not valid");

  std::vector<const Json*> found;
  for (const Json& item : collection.items()) found.push_back(&item);
  for (const PushFilter& filter : filters) {
    for (const Call::QueryText& parameter : call.query) {
      if (parameter.name != filter.parameter) continue;
      if (!is_well_formed(filter, parameter.value)) {
        return answer_message(400, std::string(filter.parameter) + " is not valid");
      }
      std::erase_if(found, [&](const Json* item) { return !passes(*item, filter, parameter.value); });
    }
  }
  Json result = Json::array();
  const size_t start = std::min(*offset, found.size());
  const size_t end = std::min(found.size(), start + *limit);
  for (size_t i = start; i < end; ++i) result.push_back(*found[i]);
  const bool more = end < found.size();
  return answer_json(
      200, {{"result", std::move(result)},
            {"paging", {{"moreResults", more}, {"nextToken", more ? Json(token_for(end)) : Json()}}}});
}

}  // namespace sluice
