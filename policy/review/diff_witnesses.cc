#include "policy/review/diff_witnesses.h"

#include <algorithm>

#include "policy/methods.h"
#include "policy/review/diff_items.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

constexpr size_t kMostPaths = 5'000;

using Kind = Dimension::Kind;

Witness of_text(std::string text, size_t fields = 0) {
  Witness witness;
  witness.text = std::move(text);
  witness.fields = fields;
  return witness;
}

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// Whether some path of `length` segments can fit.
bool can_fit(const PathTemplate& path, size_t length) {
  return path.any_depth ? length > path.segments.size() : length == path.segments.size();
}

// Every combination of one text for each segment.
std::vector<std::string> join_segments(const std::vector<std::vector<std::string>>& texts, std::string& gap) {
  std::vector<std::string> paths{""};
  for (const std::vector<std::string>& choices : texts) {
    std::vector<std::string> longer;
    for (const std::string& path : paths) {
      for (const std::string& text : choices) longer.push_back(path + "/" + percent_encode(text));
    }
    paths = std::move(longer);
    if (paths.size() <= kMostPaths) continue;
    gap = "its paths are too many to combine";
    paths.resize(kMostPaths);
  }
  return paths;
}

// Names that the catalogue's operations and the rules' templates give to the segment.
std::vector<std::string> names_of(const CompiledPolicy& policy, const DiffPlace& place, const Asked& asked,
                                  size_t index, size_t length) {
  std::vector<std::string> names;
  for (size_t slot : place.slots) {
    const Operation* operation = policy.operation(slot);
    if (operation != nullptr && operation->segments[index].parameter)
      names.push_back(operation->segments[index].text);
  }
  for (const PathTemplate* path : asked.paths) {
    if (can_fit(*path, length) && index < path->segments.size() && path->segments[index].parameter)
      names.push_back(path->segments[index].text);
  }
  return names;
}

std::vector<Question> questions_of(const std::vector<std::string>& names, const Asked& asked) {
  std::vector<Question> questions;
  for (const auto& [name, some] : asked.params) {
    if (has(names, name)) questions.insert(questions.end(), some.begin(), some.end());
  }
  return questions;
}

}  // namespace

std::vector<Dimension> WitnessFinder::find(const DiffPlace& place, const Asked& asked) {
  std::vector<Dimension> all{methods(place, asked),
                             place.segments.empty() ? unknown_paths(place, asked) : paths(place, asked)};
  for (const auto& [name, questions] : asked.queries) all.push_back(values(Kind::kQuery, name, questions));
  for (const auto& [name, questions] : asked.headers) all.push_back(values(Kind::kHeader, name, questions));
  if (!asked.sources.empty()) {
    Dimension sources{Kind::kSource, "", {}, ""};
    for (const IpAddress& address : find_addresses(asked.sources)) {
      Witness& witness = sources.witnesses.emplace_back();
      witness.source = address;
      witness.fields = sources.witnesses.size() == 1 ? 0 : 1;
    }
    all.push_back(std::move(sources));
  }
  if (!asked.times.empty()) all.push_back(times(asked.times));
  all.push_back(bodies(asked));
  return all;
}

Dimension WitnessFinder::methods(const DiffPlace& place, const Asked& asked) const {
  Dimension methods{Kind::kMethod, "", {}, ""};
  if (!place.method.empty()) {
    methods.witnesses.push_back(of_text(place.method));
    if (place.method == "GET" && asked.methods) methods.witnesses.push_back(of_text("HEAD", 1));
    return methods;
  }
  std::vector<std::string> names{"GET", "POST"};
  for (const std::string& name : asked.named_methods) {
    if (!has(names, name)) names.push_back(name);
  }
  if (asked.methods && !has(names, "HEAD")) names.emplace_back("HEAD");
  // One that no rule and no operation names; HEAD fits the operations of GET.
  for (std::string_view served : served_methods()) {
    const std::string name(served);
    const auto& operations = engine_.catalogue(place.api).operations;
    const bool taken = name == "HEAD" || has(names, name) ||
                       std::any_of(operations.begin(), operations.end(),
                                   [&name](const Operation& operation) { return operation.method == name; });
    if (taken) continue;
    names.push_back(name);
    break;
  }
  for (const std::string& name : names) methods.witnesses.push_back(of_text(name));
  return methods;
}

Dimension WitnessFinder::paths(const DiffPlace& place, const Asked& asked) {
  Dimension paths{Kind::kPath, "", {}, ""};
  std::vector<std::vector<std::string>> texts;
  for (size_t i = 0; i < place.segments.size(); ++i) {
    if (place.segments[i].parameter) {
      texts.push_back(segment_texts(place, asked, i, place.segments.size(), paths.gap));
    } else {
      texts.push_back({place.segments[i].text});
    }
  }
  // A literal that is asked about as a parameter of a rule's template has one value all the same.
  for (std::string& path : join_segments(texts, paths.gap))
    paths.witnesses.push_back(of_text(std::move(path)));
  return paths;
}

Dimension WitnessFinder::unknown_paths(const DiffPlace& place, const Asked& asked) {
  Dimension paths{Kind::kPath, "", {}, ""};
  size_t longest = 0;
  for (const Operation& operation : engine_.catalogue(place.api).operations)
    longest = std::max(longest, operation.segments.size());
  size_t longest_template = 0;
  for (const PathTemplate* path : asked.paths)
    longest_template = std::max(longest_template, path->segments.size() + (path->any_depth ? 1 : 0));
  std::vector<std::vector<size_t>> seen;
  for (size_t length = 1; length <= longest_template + 1; ++length) {
    const bool asked_about =
        std::any_of(asked.paths.begin(), asked.paths.end(),
                    [length](const PathTemplate* path) { return can_fit(*path, length); });
    if (!asked_about) continue;
    std::vector<std::vector<std::string>> texts;
    for (size_t i = 0; i < length; ++i) texts.push_back(segment_texts(place, asked, i, length, paths.gap));
    texts.back().emplace_back();  // a final slash
    for (std::string& path : join_segments(texts, paths.gap))
      paths.witnesses.push_back(of_text(std::move(path)));
  }
  // One that no template and no operation fits.
  std::string other;
  const std::string text = plain_text_beside(literals_at(engine_.catalogue(place.api), 0, 0));
  for (size_t i = 0; i <= std::max(longest, longest_template); ++i) other += "/" + text;
  paths.witnesses.push_back(of_text("/unlisted"));
  paths.witnesses.push_back(of_text(std::move(other)));
  return paths;
}

std::vector<std::string> WitnessFinder::segment_texts(const DiffPlace& place, const Asked& asked,
                                                      size_t index, size_t length, std::string& gap) {
  const CompiledPolicy& policy = engine_.compiled();
  const bool fold = policy.apis[place.api].fold;
  const std::vector<Question> questions = questions_of(names_of(policy, place, asked, index, length), asked);
  const std::vector<std::string> of_operations = literals_at(engine_.catalogue(place.api), index, length);
  std::vector<std::string> literals;
  for (const PathTemplate* path : asked.paths) {
    if (!can_fit(*path, length) || index >= path->segments.size()) continue;
    const PathTemplate::Segment& segment = path->segments[index];
    const std::string& text = fold ? segment.folded : segment.text;
    if (!segment.parameter && !text.empty() && !has(literals, text)) literals.push_back(text);
  }
  if (questions.empty()) {
    std::vector<std::string> taken = literals;
    taken.insert(taken.end(), of_operations.begin(), of_operations.end());
    literals.insert(literals.begin(), plain_text_beside(taken));
    return literals;
  }
  for (const std::string& text : of_operations) {
    if (!has(literals, text)) literals.push_back(text);
  }
  const TextWitnesses found = find_texts(questions, TextPlace::kSegment, fold, literals);
  if (!found.gap.empty()) gap = found.gap;
  std::vector<std::string> texts;
  for (const TextWitness& witness : found.all) texts.push_back(witness.text);
  return texts;
}

Dimension WitnessFinder::values(Kind kind, const std::string& name, const std::vector<Question>& questions) {
  const bool header = kind == Kind::kHeader;
  std::vector<std::string> literals;
  if (header && name == "content-type") literals = {"application/json", "text/plain"};
  const TextWitnesses found =
      find_texts(questions, header ? TextPlace::kHeader : TextPlace::kQuery, false, literals);
  Dimension dimension{kind, name, {Witness{}}, found.gap};
  Answers absent;
  for (const Question& question : questions) absent.push_back(question.answer_absent());
  absent.resize(absent.size() + literals.size());
  std::vector<Answers> answers;
  for (const TextWitness& witness : found.all) answers.push_back(witness.answers);
  std::vector<Witness> several;
  for (const auto& [together, chosen] : combine_answers(answers, dimension.gap)) {
    if (together == absent) continue;
    Witness& witness = several.emplace_back();
    for (size_t index : chosen) {
      witness.values.push_back(found.all[index].text);
      // Hard to write, so only where nothing else shows the difference.
      if (!is_valid_utf8(witness.values.back())) witness.fields += 1000;
      if (witness.values.back().find('\0') != std::string::npos) witness.fields += 100;
    }
    witness.fields += chosen.size();
  }
  std::stable_sort(several.begin(), several.end(),
                   [](const Witness& a, const Witness& b) { return a.fields < b.fields; });
  dimension.witnesses.insert(dimension.witnesses.end(), several.begin(), several.end());
  return dimension;
}

Dimension WitnessFinder::bodies(const Asked& asked) const {
  BodyWitnesses found = find_bodies(asked.body);
  Dimension bodies{Kind::kBody, "", {}, found.gap};
  for (BodyWitness& body : found.all) bodies.witnesses.push_back(of_text(std::move(body.text), body.fields));
  if (asked.unreadable_bodies) {
    Witness witness = of_text("{}", 2);
    witness.values.emplace_back("text/plain");
    bodies.witnesses.push_back(std::move(witness));
  }
  if (asked.headers.count("content-type") > 0 && (bodies.witnesses.size() > 1 || asked.body.required))
    bodies.gap = "it asks about a body and about its Content-Type";
  return bodies;
}

const Dimension& WitnessFinder::times(const std::vector<const TimeWindow*>& windows) {
  const auto known = known_times_.find(windows);
  if (known != known_times_.end()) return known->second;
  InstantWitnesses found = find_instants(windows);
  Dimension times{Kind::kTime, "", {}, found.gap};
  for (Instant at : found.all) {
    Witness& witness = times.witnesses.emplace_back();
    witness.at = at;
  }
  return known_times_.emplace(windows, std::move(times)).first->second;
}

}  // namespace sluice
