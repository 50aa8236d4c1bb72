#include "proxy/cli/simulate/securenvoy_list.h"

#include <algorithm>
#include <charconv>

#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr size_t kDefaultPageSize = 50;
constexpr size_t kMaxPageSize = 1000;

bool contains_text(const Json& item, const char* member, std::string_view part) {
  const std::optional<std::string> text = fold_case(text_member(item, member));
  const std::optional<std::string> wanted = fold_case(part);
  return text && wanted && text->find(*wanted) != std::string::npos;
}

// 1 or more; `otherwise` when it is not given, 0 when it is no such number.
size_t positive(const std::string* text, size_t otherwise) {
  if (text == nullptr) return otherwise;
  size_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stopped, problem] = std::from_chars(text->data(), end, number);
  return problem == std::errc() && stopped == end ? number : 0;
}

// Numbers at the end of ids count as numbers: u9 comes before u10.
bool comes_before(const Json& left, const Json& right) {
  if (left.is_string() && right.is_string()) {
    const auto& a = left.get_ref<const std::string&>();
    const auto& b = right.get_ref<const std::string&>();
    const bool ids = a.size() != b.size() && !a.empty() && !b.empty() && a[0] == b[0] &&
                     a.find_first_not_of("0123456789", 1) == std::string::npos &&
                     b.find_first_not_of("0123456789", 1) == std::string::npos;
    if (ids) return a.size() < b.size();
  }
  return left < right;
}

}  // namespace

HttpResponse answer_securenvoy_list(const Call& call, const Collection& collection,
                                    std::span<const char* const> filters) {
  const size_t page = positive(call.find("page"), 1);
  const size_t size = positive(call.find("pagesize"), kDefaultPageSize);
  if (page == 0) return answer_message(400, "page has to be a number from 1");
  if (size == 0 || size > kMaxPageSize)
    return answer_message(400, "pageSize has to be a number from 1 to 1000");
  const std::string* order = call.find("sortorder");
  if (order != nullptr && *order != "asc" && *order != "desc") {
    return answer_message(400, "sortOrder has to be asc or desc");
  }
  std::vector<const Json*> found;
  for (const Json& item : collection.items()) found.push_back(&item);
  for (const char* filter : filters) {
    const std::string* part = call.find(*fold_case(filter));
    if (part != nullptr)
      std::erase_if(found, [&](const Json* item) { return !contains_text(*item, filter, *part); });
  }
  const std::string* sort = call.find("sort");
  const std::string member = sort != nullptr ? *sort : "id";
  const bool descending = order != nullptr && *order == "desc";
  std::stable_sort(found.begin(), found.end(), [&](const Json* a, const Json* b) {
    const Json left = a->value(member, Json());
    const Json right = b->value(member, Json());
    return descending ? comes_before(right, left) : comes_before(left, right);
  });
  Json result = Json::array();
  const size_t pages_before =
      std::min(page - 1, found.size());  // also keeps the product below from overflowing
  for (size_t i = pages_before * size; i < found.size() && result.size() < size; ++i)
    result.push_back(*found[i]);
  return answer_json(200, result);
}

}  // namespace sluice
