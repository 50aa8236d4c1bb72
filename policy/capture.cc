#include "policy/capture.h"

#include <algorithm>

#include "policy/body_check.h"
#include "policy/schema_place.h"
#include "policy/text.h"

namespace sluice {
namespace {

constexpr size_t kLongestNumber = 64;  // octets of a number that is shown as written

// Walks from the body to the values of one capture.
class CaptureWalk {
 public:
  CaptureWalk(const Capture& capture, std::vector<const JsonValue*>& seen, Decision& out)
      : capture_(capture), seen_(seen), out_(out) {}

  void walk(const JsonValue& value, size_t depth) {
    const std::vector<std::string>& segments = capture_.pointer.segments();
    if (depth == segments.size()) return add(value);
    if (segments[depth] != "*") {
      if (const JsonValue* child = value.child(segments[depth]))
        below(capture_.written[depth], *child, depth);
      return;
    }
    for (size_t i = 0; i < value.items.size(); ++i) below(std::to_string(i), value.items[i], depth);
  }

 private:
  void below(const std::string& name, const JsonValue& value, size_t depth) {
    const size_t before = place_.size();
    place_ += '/';
    place_ += name;
    walk(value, depth + 1);
    place_.resize(before);
  }

  void add(const JsonValue& value) {
    if (value.type == JsonValue::Type::kArray || value.type == JsonValue::Type::kObject) return;
    const auto seen = std::find(seen_.begin(), seen_.end(), &value);
    if (seen != seen_.end()) {  // by another operation that the request fits; the stricter one counts
      BodyField& field = out_.fields[static_cast<size_t>(seen - seen_.begin())];
      if (capture_.hash && !field.hash) field = make(value);
      return;
    }
    if (out_.fields.size() == kMostCapturedFields) {
      ++out_.fields_left_out;
      return;
    }
    seen_.push_back(&value);
    out_.fields.push_back(make(value));
  }

  BodyField make(const JsonValue& value) const {
    BodyField field{place_, {}, value.type == JsonValue::Type::kString, capture_.hash, false};
    switch (value.type) {
      case JsonValue::Type::kNull: field.text = "null"; break;
      case JsonValue::Type::kBoolean: field.text = value.boolean ? "true" : "false"; break;
      case JsonValue::Type::kInteger:
      case JsonValue::Type::kNumber:
        field.text = value.integer_exact ? std::to_string(value.integer) : value.text;
        break;
      case JsonValue::Type::kString: field.text = value.text; break;
      case JsonValue::Type::kArray:
      case JsonValue::Type::kObject: break;
    }
    if (!field.hash) cut(field);
    return field;
  }

  // A number cannot be cut: a long one becomes a text.
  static void cut(BodyField& field) {
    if (field.text.size() <= (field.is_string ? kLongestCapturedText : kLongestNumber)) return;
    field.is_string = field.cut = true;
    field.text.resize(cut_utf8(field.text, kLongestCapturedText).size());
  }

  const Capture& capture_;
  std::vector<const JsonValue*>& seen_;  // beside out_.fields
  Decision& out_;
  std::string place_;
};

// What one of the operations calls a credential is one.
bool is_credential(const Target& target, const Capture& capture) {
  return std::any_of(target.fits.begin(), target.fits.end(), [&capture](const Target::Fit& fit) {
    return fit.operation != nullptr && fit.operation->body &&
           find_place(*fit.operation->body, capture.pointer.segments()) == SchemaPlace::kCredential;
  });
}

}  // namespace

void capture_fields(const CompiledPolicy& policy, const Target& target, const JsonValue& body,
                    Decision& out) {
  std::vector<const JsonValue*> seen;
  for (const Target::Fit& fit : target.fits) {
    const CompiledOperation* operation = policy.compiled_operation(fit.slot);
    if (operation == nullptr) continue;
    for (const Capture& capture : operation->captures) {
      if (!is_credential(target, capture)) CaptureWalk(capture, seen, out).walk(body, 0);
    }
  }
}

}  // namespace sluice
