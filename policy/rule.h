// Rule: one rule of a policy file, read, checked and with its names resolved (policy_reader.h writes it).
// Part of the immutable CompiledPolicy; any thread. What the file says is kept beside its meaning, so that
// `explain` can answer in the words of the file.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/finding.h"
#include "config/ip.h"
#include "policy/catalogue/catalogue.h"
#include "policy/json_view.h"
#include "policy/time_window.h"

namespace re2 {
class RE2;
}

namespace sluice {

enum class Effect : uint8_t { kAllow, kDeny, kRequire };
enum class Mode : uint8_t { kEnforce, kShadow };
std::string_view to_text(Effect effect);
std::string_view to_text(Mode mode);

// A constant of a policy, in the three forms that it is compared in.
struct Literal {
  JsonValue value;
  JsonValue keys_folded;    // for the bodies of a case-insensitive API
  std::string folded_text;  // for the path parameters of a case-insensitive API; of a text only
  std::string as_written;   // a number or boolean as the file writes it: what a query would have to say
};

enum class JsonType : uint8_t { kString, kNumber, kInteger, kBoolean, kArray, kObject, kNull };

// What a value has to be: the JSON Schema keywords that were given. All of them must hold.
struct Constraint {
  std::string text;  // as the file has it, on one line
  std::optional<bool> present;
  std::vector<Literal> allowed;  // const or enum; empty: not given
  std::shared_ptr<const re2::RE2> pattern;
  Position pattern_at;
  std::shared_ptr<const re2::RE2> folded_pattern;  // ignores case; for the path parameters of such an API
  std::optional<double> minimum, maximum;
  std::optional<uint64_t> min_length, max_length;  // in code points
  std::optional<uint64_t> min_items, max_items;
  bool unique_items = false;
  std::vector<JsonType> types;  // any of; empty: not given
};

struct NamedConstraint {
  std::string name;         // of a path parameter or a header: as written
  std::string folded_name;  // of a query parameter, for a case-insensitive API
  Constraint constraint;
  Position at;
};

struct BodyConstraint {
  JsonPointer pointer;
  JsonPointer folded_pointer;  // for a case-insensitive API
  Constraint constraint;
};

struct ConstraintSet {
  std::vector<NamedConstraint> params, queries, headers;
  std::vector<BodyConstraint> body;

  bool empty() const { return params.empty() && queries.empty() && headers.empty() && body.empty(); }
};

// A `path` of a rule, such as /v1/apps/{id} or /v1/**.
struct PathTemplate {
  struct Segment {
    bool parameter = false;
    std::string text;  // the literal, or the parameter's name
    std::string folded;
  };
  std::vector<Segment> segments;
  bool any_depth = false;  // ends in **: one or more segments follow
};

// The fields of `when`, and what a rule may fail on, in the order in which they are looked at: cheap ones
// first.
enum class Field : uint8_t {
  kClient,
  kGroup,
  kApi,
  kOperation,
  kAccess,
  kTag,
  kMethod,
  kSource,
  kTime,
  kPath,
  kParam,
  kQuery,
  kHeader,
  kBody,
  kNot,
  kNone,
};
constexpr size_t kFieldCount = static_cast<size_t>(Field::kNone);
std::string_view to_text(Field field);

// Walked over in the order of the fields.
class FieldSet {
 public:
  class Walk {
   public:
    constexpr explicit Walk(unsigned bits) : bits_(bits) {}
    constexpr Field operator*() const { return static_cast<Field>(std::countr_zero(bits_)); }
    constexpr Walk& operator++() {
      bits_ &= bits_ - 1;
      return *this;
    }
    constexpr bool operator==(const Walk&) const = default;

   private:
    unsigned bits_;
  };

  constexpr FieldSet() = default;
  constexpr FieldSet(std::initializer_list<Field> fields) {
    for (Field field : fields) add(field);
  }
  static constexpr FieldSet all() {
    FieldSet set;
    set.bits_ = (1U << kFieldCount) - 1;
    return set;
  }
  constexpr bool has(Field field) const { return (bits_ >> static_cast<unsigned>(field) & 1U) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr Walk begin() const { return Walk(bits_); }
  constexpr Walk end() const { return Walk(0); }
  constexpr void add(Field field) {
    bits_ = static_cast<uint16_t>(bits_ | 1U << static_cast<unsigned>(field));
  }

 private:
  uint16_t bits_ = 0;
};
static_assert(kFieldCount <= 16);

// The fields of a rule that have to be looked at; the others are known to hold.
struct OpenFields {
  FieldSet when;
  bool may_be_excluded = false;  // the `not` may match
  FieldSet excluded;             // of the `not`
  FieldSet required;             // of require: the fields that its constraints speak of
};
constexpr OpenFields kEveryField{
    FieldSet::all(), true, FieldSet::all(), {Field::kParam, Field::kQuery, Field::kHeader, Field::kBody}};

// `when`, or the `not` in it. A field that was not given is empty, and always holds.
struct Conditions {
  std::array<std::string, kFieldCount> said;  // each given field's value as the file has it, on one line
  std::vector<bool> clients;                  // by index in the configuration
  std::vector<bool> groups;                   // the clients that are in one of the groups, by index
  std::vector<bool> apis;                     // by index in the configuration
  std::vector<bool> operations;  // by slot (vocabulary.h); API.unknown only where named literally
  std::vector<Access> access;
  std::vector<std::string> tags;
  std::vector<std::string> methods;  // GET covers HEAD
  std::vector<PathTemplate> paths;
  ConstraintSet values;
  std::vector<Cidr> sources;
  std::vector<TimeWindow> times;

  const std::string& words(Field field) const { return said[static_cast<size_t>(field)]; }
};

struct Rule {
  std::string id;
  Effect effect = Effect::kDeny;
  Mode mode = Mode::kEnforce;
  std::string reason;  // empty: none given
  Position at;
  Conditions when;
  std::optional<Conditions> excluded;  // `not`
  ConstraintSet required;              // of a require rule
  std::string when_text;               // as the file has it, on one line

  bool looks_at_body() const {
    return !when.values.body.empty() || !required.body.empty() ||
           (excluded && !excluded->values.body.empty());
  }
};

}  // namespace sluice
