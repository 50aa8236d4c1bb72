// compile_captures() of capture.h: what the configuration wants captured, for each operation.
#include <algorithm>

#include "config/map_reader.h"
#include "policy/capture.h"
#include "policy/schema_place.h"

namespace sluice {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool has_wildcard(const PlacedText& pattern) { return pattern.text.find('*') != std::string::npos; }

// Whether two pointers can name one value.
bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const std::string& one, const std::string& other) {
                      return one == other || one == "*" || other == "*";
                    });
}

std::vector<std::string> written_segments(std::string_view pointer) {
  std::vector<std::string> segments;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // of the /
    const size_t end = std::min(pointer.find('/'), pointer.size());
    segments.emplace_back(pointer.substr(0, end));
    pointer.remove_prefix(end);
  }
  return segments;
}

class CaptureCompiler {
 public:
  CaptureCompiler(CompiledPolicy& policy, Findings& findings) : policy_(policy), findings_(findings) {}

  void compile(const CaptureConfig& capture) {
    for (const PlacedText& pattern : capture.operations) {
      const std::vector<size_t> slots = find_operations(pattern);
      if (slots.empty()) continue;
      for (const PlacedText& field : capture.fields) compile_field(pattern, slots, field, capture.hash);
    }
  }
  bool failed() const { return failed_; }

 private:
  void fail(const PlacedText& at, std::string_view rule, const std::string& message) {
    findings_.error(at.at, rule, message);
    failed_ = true;
  }

  std::vector<size_t> find_operations(const PlacedText& pattern) {
    if (pattern.text == "*") {
      fail(pattern, "bad-operation",
           "operations: a bare \"*\" is no operation, write \"*.*\" for every known one");
      return {};
    }
    std::vector<size_t> slots = policy_.vocabulary.find_operations(pattern.text);
    if (!slots.empty()) return slots;
    if (has_wildcard(pattern)) {
      fail(pattern, "unknown-operation", "operations: " + quoted(pattern.text) + " fits no known operation");
    } else {
      fail(pattern, "unknown-operation",
           "operations: unknown operation " + quoted(pattern.text) +
               suggestion(pattern.text, policy_.vocabulary.operation_ids()));
    }
    return slots;
  }

  void compile_field(const PlacedText& pattern, const std::vector<size_t>& slots, const PlacedText& field,
                     bool hash) {
    bool captured = false;
    SchemaPlace found = SchemaPlace::kUnknown;  // the most telling of the places that are no value
    for (const size_t slot : slots) {
      const Operation* operation = policy_.operation(slot);
      const size_t api = policy_.vocabulary.slots[slot].api;
      Result<JsonPointer> pointer = JsonPointer::parse(field.text, policy_.apis[api].fold);
      if (!pointer)
        return fail(field, "bad-pointer", "fields: " + quoted(field.text) + ": " + pointer.error().message);
      if (operation == nullptr || !operation->body) continue;
      const SchemaPlace place = find_place(*operation->body, pointer->segments());
      if (place == SchemaPlace::kValue) {
        captured = true;
        if (!add(slot, field, {*std::move(pointer), written_segments(field.text), hash})) return;
      } else if (found != SchemaPlace::kCredential && place != SchemaPlace::kUnknown) {
        found = place;
      }
    }
    if (!captured) report(pattern, slots, field, found);
  }

  // False: reported.
  bool add(size_t slot, const PlacedText& field, Capture capture) {
    const Vocabulary::Slot& names = policy_.vocabulary.slots[slot];
    CompiledOperation& operation =
        policy_.apis[names.api].operations[slot - policy_.vocabulary.first_slots[names.api]];
    for (const Capture& other : operation.captures) {
      if (!overlap(other.pointer.segments(), capture.pointer.segments())) continue;
      if (other.pointer.segments() == capture.pointer.segments() && other.hash == capture.hash) return true;
      fail(field, "captured-twice",
           "fields: " + quoted(field.text) + " of " + names.id + " is captured already by " +
               quoted(other.pointer.text()) + ", write each field once, with or without hash");
      return false;
    }
    operation.captures.push_back(std::move(capture));
    return true;
  }

  void report(const PlacedText& pattern, const std::vector<size_t>& slots, const PlacedText& field,
              SchemaPlace found) {
    const std::string place = "fields: " + quoted(field.text);
    const std::string operation =
        has_wildcard(pattern) ? "every operation of " + quoted(pattern.text) + " that has it" : pattern.text;
    if (found == SchemaPlace::kCredential)
      return fail(field, "credential-field",
                  place + " is a credential in " + operation + ": none is captured");
    std::vector<std::string> known;
    for (const size_t slot : slots) add_known(slot, known);
    if (found == SchemaPlace::kContainer)
      return fail(field, "not-a-value",
                  place + " is an object or a list in " + operation + ", name the values in it" +
                      suggestion(field.text, known));
    if (known.empty())
      return fail(field, "unknown-field",
                  place + ": no catalogue describes a body of " + quoted(pattern.text));
    fail(field, "unknown-field",
         place + " is no field of a body of " + quoted(pattern.text) + suggestion(field.text, known));
  }

  void add_known(size_t slot, std::vector<std::string>& known) const {
    const Operation* operation = policy_.operation(slot);
    if (operation == nullptr || !operation->body) return;
    for (std::string& place : value_places(*operation->body)) known.push_back(std::move(place));
  }

  CompiledPolicy& policy_;
  Findings& findings_;
  bool failed_ = false;
};

}  // namespace

bool compile_captures(const std::vector<CaptureConfig>& captures, CompiledPolicy& policy,
                      Findings& findings) {
  CaptureCompiler compiler(policy, findings);
  for (const CaptureConfig& capture : captures) compiler.compile(capture);
  return !compiler.failed();
}

}  // namespace sluice
