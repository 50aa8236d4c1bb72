// diff_asked: what the rules of two policies ask of the requests of one client in one place (dimensions), and
// the shortcuts that need no example: a policy that never or always allows there, rules that are the same.
// Views of both policies. Pure; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/compiler.h"
#include "policy/review/diff_body.h"
#include "policy/review/diff_places.h"
#include "policy/review/diff_texts.h"

namespace sluice {

// The rules of one policy that can decide on one client in one place. Shadow rules are left out: they never
// do.
struct Standing {
  std::vector<std::vector<const Candidate*>> by_fit;
  bool never_allows = false;
  bool always_allows = false;  // but for bodies that cannot be read
  bool reads_body = false;     // one that cannot be read is refused
};

Standing standing_of(const CompiledPolicy& policy, const DiffPlace& place, size_t client);

// Dimensions.
struct Asked {
  bool methods = false, access = false;
  std::vector<const PathTemplate*> paths;
  std::map<std::string, std::vector<Question>> params, queries, headers;  // headers in lower case
  std::vector<const Cidr*> sources;
  std::vector<const TimeWindow*> times;
  BodyAsked body;
  bool unreadable_bodies = false;  // the policies differ in whether they refuse these
  std::set<std::string> named_methods;

  void add(const CompiledPolicy& policy, const Standing& standing, bool fold);
  void add_schemas(const CompiledPolicy& policy, const DiffPlace& place);

 private:
  void add(const Conditions& conditions, const FieldSet& open, Reading reading, bool fold);
  void add(const ConstraintSet& set, const FieldSet& open, Reading reading, bool fold);
};

}  // namespace sluice
