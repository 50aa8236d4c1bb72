// Random policies and requests, small enough that a naive second evaluator can follow. Shared by the tests
// that compare the product with it, or with itself.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace sluice::random_policy {

using Json = nlohmann::json;

struct Check {
  std::string where, name, keyword, value;  // value: as YAML
};

struct Spec {
  std::map<std::string, std::vector<std::string>> fields;  // client, group, operation, access, tag, method
  std::vector<Check> checks;
};

struct RuleSpec {
  std::string id, effect;
  bool shadow = false;
  Spec when;
  std::optional<Spec> excluded;
  std::vector<Check> required;
};

struct SampleOperation {
  std::string id, access;
  std::set<std::string> tags;
  std::map<std::string, std::string> params;
};

struct Sample {
  std::string client, method, path;
  std::vector<SampleOperation> operations;
  std::vector<std::pair<std::string, std::string>> query;
  std::optional<Json> body;
};

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  size_t below(size_t count) { return engine_() % count; }
  bool chance(size_t percent) { return below(100) < percent; }
  template <class T>
  const T& of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

 private:
  std::mt19937 engine_;
};

// A number that the environment may set: how much a test tries, and its seed.
unsigned number_from(const char* name, unsigned otherwise);

RuleSpec random_rule(Random& random, size_t index);
// One line of a policy file's `rules`. `more`: further fields of `when`, in flow style.
std::string yaml_of(const RuleSpec& rule, const std::string& more = "");
Sample random_sample(Random& random);

}  // namespace sluice::random_policy
