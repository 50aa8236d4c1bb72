#include "policy/unknown_fields.h"

#include <algorithm>

#include "policy/text.h"

namespace sluice {
namespace {

using Type = JsonValue::Type;

// Collects the places of unknown members.
class UnknownFields {
 public:
  void look_at(const BodySchema& schema, const JsonValue& value) {
    if (value.type == Type::kObject && !schema.properties.empty()) look_at_members(schema, value);
    if (value.type != Type::kArray || schema.items.empty()) return;
    for (const JsonValue& item : value.items) {
      if (full()) return;
      below("*", [&] { look_at(schema.items[0], item); });
    }
  }
  std::vector<std::string> take() { return std::move(found_); }

 private:
  static constexpr size_t kMost = 16;
  static constexpr size_t kLongest = 128;

  bool full() const { return found_.size() == kMost; }

  void look_at_members(const BodySchema& schema, const JsonValue& value) {
    for (const JsonValue::Member& member : value.members) {
      if (full()) return;
      const auto known = std::find_if(schema.properties.begin(), schema.properties.end(),
                                      [&member](const auto& one) { return one.name == member.first; });
      below(member.first, [&] {
        if (known != schema.properties.end()) return look_at(known->schema, member.second);
        const std::string_view place = cut_utf8(place_, kLongest);
        if (std::find(found_.begin(), found_.end(), place) == found_.end()) found_.emplace_back(place);
      });
    }
  }

  template <class Look>
  void below(std::string_view name, const Look& look) {
    const size_t before = place_.size();
    place_ += '/';
    place_ += escape_pointer_segment(name);
    look();
    place_.resize(before);
  }

  std::string place_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> find_unknown_fields(const BodySchema& schema, const JsonValue& body) {
  UnknownFields fields;
  fields.look_at(schema, body);
  return fields.take();
}

}  // namespace sluice
