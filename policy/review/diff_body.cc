#include "policy/review/diff_body.h"

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "config/ascii.h"
#include "policy/body_check.h"
#include "policy/review/diff_items.h"

namespace sluice {
namespace {

using Type = JsonValue::Type;

constexpr size_t kMostValues = 20'000;

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_text(const JsonValue& value) {
  std::string text;
  switch (value.type) {
    case Type::kNull: return "null";
    case Type::kBoolean: return value.boolean ? "true" : "false";
    case Type::kInteger:
    case Type::kNumber:
      return value.integer_exact ? std::to_string(value.integer) : number_text(value.number);
    case Type::kString: return quoted(value.text);
    case Type::kArray:
      for (const JsonValue& item : value.items) text += (text.empty() ? "" : ",") + json_text(item);
      return "[" + text + "]";
    case Type::kObject:
      for (const auto& [key, member] : value.members)
        text += (text.empty() ? "" : ",") + quoted(key) + ":" + json_text(member);
      return "{" + text + "}";
  }
  return text;
}

// A place in the body that somebody asks about.
struct Place {
  bool is_root = false;
  std::vector<size_t> questions;                   // that end here, by index
  std::vector<std::pair<size_t, size_t>> through;  // questions here or below, and how many segments led here
  std::vector<const BodySchema*> schemas;
  std::map<std::string, Place> members;
  std::unique_ptr<Place> item;
};

class BodyFinder {
 public:
  explicit BodyFinder(const BodyAsked& asked) : asked_(asked) {}

  BodyWitnesses find() {
    Place root;
    root.is_root = true;
    root.schemas = asked_.schemas;
    for (size_t i = 0; i < asked_.questions.size(); ++i) insert(i, root);
    add_schema_places(root);
    if (!asked_.required) found_.all.push_back({});
    const bool nothing_asked = asked_.questions.empty() && asked_.tags.empty();
    if (nothing_asked && !asked_.required) return std::move(found_);
    Answers absent;
    for (size_t i = 0; i < asked_.questions.size(); ++i) absent.push_back(question(i).answer_absent());
    absent.resize(absent.size() + asked_.schemas.size() * asked_.tags.size());
    for (SampleValue& value : values_of(root)) {
      if (!asked_.required && value.answers == absent) continue;
      // A body of null reads like none, so only where nothing else shows the difference.
      const size_t odd = value.text == "null" ? 500 : 1;
      found_.all.push_back({std::move(value.text), value.fields + odd});
    }
    return std::move(found_);
  }

 private:
  const std::vector<std::string>& segments_of(size_t question) const {
    const BodyConstraint& constraint = *asked_.questions[question].constraint;
    return (asked_.fold ? constraint.folded_pointer : constraint.pointer).segments();
  }
  Question question(size_t index) const {
    return {&asked_.questions[index].constraint->constraint, asked_.questions[index].reading};
  }

  void insert(size_t index, Place& root) {
    Place* at = &root;
    at->through.emplace_back(index, 0);
    const auto& segments = segments_of(index);
    for (size_t depth = 0; depth < segments.size(); ++depth) {
      const std::string& segment = segments[depth];
      const bool number = !segment.empty() && std::all_of(segment.begin(), segment.end(), is_digit);
      if (number) found_.gap = "a body pointer in it names an item by its number";
      if (segment == "*") {
        if (!at->item) at->item = std::make_unique<Place>();
        at = at->item.get();
      } else {
        at = &at->members[segment];
      }
      at->through.emplace_back(index, depth + 1);
    }
    at->questions.push_back(index);
  }

  // What the schemas say of the places that are asked about, and the members that they require or tag.
  void add_schema_places(Place& place) {
    for (const BodySchema* schema : place.schemas) {
      for (const BodySchema::Property& property : schema->properties) {
        const bool needed = std::find(schema->required.begin(), schema->required.end(), property.name) !=
                                schema->required.end() ||
                            has_tag(property);
        if (needed || place.members.count(property.name) > 0)
          place.members[property.name].schemas.push_back(&property.schema);
      }
      for (const std::string& name : schema->required) place.members[name];
      if (!schema->items.empty()) {
        if (!place.item) place.item = std::make_unique<Place>();
        place.item->schemas.push_back(&schema->items[0]);
      }
    }
    for (auto& [name, member] : place.members) add_schema_places(member);
    if (place.item) add_schema_places(*place.item);
  }

  bool has_tag(const BodySchema::Property& property) const {
    const bool own = std::any_of(property.tags.begin(), property.tags.end(), [this](const std::string& tag) {
      return std::find(asked_.tags.begin(), asked_.tags.end(), tag) != asked_.tags.end();
    });
    return own || std::any_of(property.schema.properties.begin(), property.schema.properties.end(),
                              [this](const BodySchema::Property& below) { return has_tag(below); });
  }

  // --- judging a value in a place

  // nullopt: the schema refuses it.
  std::optional<SampleValue> judge(const Place& place, std::string text, size_t fields) const {
    auto value = parse_json_strictly(text, asked_.fold);
    if (!value) return std::nullopt;
    if (place.is_root && asked_.required && value->type == Type::kNull) return std::nullopt;
    SampleValue sample{std::move(text), fields, Answers(place.through.size(), false)};
    for (const BodySchema* schema : place.schemas) {
      Operation operation;
      operation.body = *schema;
      if (check_schema(operation, &*value)) return std::nullopt;
      std::vector<std::string_view> tags;
      collect_tags(*schema, *value, tags);
      for (const std::string& tag : asked_.tags)
        sample.answers.push_back(std::find(tags.begin(), tags.end(), tag) != tags.end());
    }
    for (size_t i = 0; i < place.through.size(); ++i) {
      const auto [index, depth] = place.through[i];
      walk(index, *value, depth, [&sample, i](bool answer) {
        if (answer) sample.answers[i] = true;
      });
    }
    return sample;
  }

  // As the matchers walk: every value that the rest of the pointer names, and every place that has none.
  template <class Add>
  void walk(size_t index, const JsonValue& value, size_t depth, const Add& add) const {
    const Question asked = question(index);
    const auto& segments = segments_of(index);
    if (depth == segments.size())
      return add(asked.answer(check_value(*asked.constraint, value, asked_.fold)));
    if (segments[depth] == "*") {
      if (value.type != Type::kArray) return add(asked.answer(Truth::kUnsure));
      for (const JsonValue& item : value.items) walk(index, item, depth + 1, add);
      if (value.items.empty()) add(asked.answer_absent());
      return;
    }
    const JsonValue* child = value.child(segments[depth]);
    if (child == nullptr) return add(asked.answer_absent());
    walk(index, *child, depth + 1, add);
  }

  // --- making values

  std::vector<SampleValue> values_of(const Place& place) {
    SampleSet values;
    add_scalars(place, values);
    add_objects(place, values);
    add_arrays(place, values);
    if (values.size() > kMostValues) found_.gap = "its bodies are too many to combine";
    return values.take();
  }

  void consider(const Place& place, std::string text, size_t fields, SampleSet& values) const {
    if (auto sample = judge(place, std::move(text), fields)) values.add(*std::move(sample));
  }

  void add_scalars(const Place& place, SampleSet& values) {
    std::vector<Question> here;
    std::vector<double> numbers;
    for (size_t index : place.questions) {
      here.push_back(question(index));
      add_numbers(*here.back().constraint, numbers);
      for (const Literal& literal : here.back().constraint->allowed)
        consider(place, json_text(literal.value), 0, values);
    }
    std::vector<std::string> choices;
    for (const BodySchema* schema : place.schemas)
      choices.insert(choices.end(), schema->enumeration.begin(), schema->enumeration.end());
    TextWitnesses texts = find_texts(here, TextPlace::kJson, asked_.fold, choices);
    if (!texts.gap.empty()) found_.gap = texts.gap;
    for (const TextWitness& text : texts.all) consider(place, quoted(text.text), 0, values);
    add_lengths(place, values);
    numbers.push_back(1);
    for (double number : numbers_around(numbers)) consider(place, number_text(number), 0, values);
    for (const char* text : {"true", "false", "{}", "[]"}) consider(place, text, 0, values);
    consider(place, "null", 50, values);  // schemas let it pass, but people do not write it
  }

  // A schema may ask for lengths that no constraint speaks of.
  void add_lengths(const Place& place, SampleSet& values) {
    for (const BodySchema* schema : place.schemas) {
      if (!schema->min_length && !schema->max_length) continue;
      consider(place, quoted(std::string(schema->min_length.value_or(1), 'x')), 0, values);
      if (!place.questions.empty()) found_.gap = "a schema limits the length of a text that it asks about";
    }
  }

  void add_objects(const Place& place, SampleSet& values) {
    // Part by part: of two that answer the same so far, the simpler one.
    std::vector<SampleValue> parts{{"", 0, {}}};
    for (const auto& [name, member] : place.members) {
      SampleSet longer;
      bool required = false;
      for (const BodySchema* schema : place.schemas) {
        const std::vector<std::string>& names = schema->required;
        required = required || std::find(names.begin(), names.end(), name) != names.end();
      }
      const std::vector<SampleValue> options = values_of(member);
      for (const SampleValue& part : parts) {
        if (!required) consider_part(place, part.text, part.fields, longer);
        for (const SampleValue& option : options) {
          consider_part(place, part.text + (part.text.empty() ? "" : ",") + quoted(name) + ":" + option.text,
                        part.fields + option.fields + 1, longer);
        }
        if (longer.size() > kMostValues) break;
      }
      if (longer.size() > kMostValues) found_.gap = "its bodies are too many to combine";
      parts = longer.take();
    }
    for (const SampleValue& part : parts) consider(place, "{" + part.text + "}", part.fields, values);
  }

  // Like judge(), but for an object whose required members may still be missing.
  void consider_part(const Place& place, std::string text, size_t fields, SampleSet& parts) const {
    Place unchecked;
    unchecked.through = place.through;
    auto sample = judge(unchecked, "{" + text + "}", fields);
    if (!sample) return;
    const auto value = parse_json_strictly("{" + text + "}", asked_.fold);
    for (const BodySchema* schema : place.schemas) {
      std::vector<std::string_view> tags;
      collect_tags(*schema, *value, tags);
      for (const std::string& tag : asked_.tags)
        sample->answers.push_back(std::find(tags.begin(), tags.end(), tag) != tags.end());
    }
    sample->text = std::move(text);
    parts.add(*std::move(sample));
  }

  void add_arrays(const Place& place, SampleSet& values) {
    ItemsAsked asked;
    for (size_t index : place.questions) asked.add(asked_.questions[index].constraint->constraint);
    for (const BodySchema* schema : place.schemas) asked.add(*schema);
    if (!place.item && !asked.any) return;
    const Place anything{};
    std::vector<SampleValue> items = values_of(place.item ? *place.item : anything);
    // A place below may be named by number too: its values can be items.
    for (const auto& [name, member] : place.members) {
      if (!name.empty() && std::all_of(name.begin(), name.end(), is_digit)) {
        for (SampleValue& value : values_of(member)) items.push_back(std::move(value));
      }
    }
    const ArrayTexts arrays = combine_items(items, asked);
    if (!arrays.gap.empty()) found_.gap = arrays.gap;
    for (const SampleValue& array : arrays.all) consider(place, array.text, array.fields, values);
  }

  const BodyAsked& asked_;
  BodyWitnesses found_;
};

}  // namespace

BodyWitnesses find_bodies(const BodyAsked& asked) { return BodyFinder(asked).find(); }

}  // namespace sluice
