// diff_witnesses: for each dimension that is asked about, its representative values. Keeps what was found for
// the same questions before. Owner: one diff; its thread. Fails: a dimension's `gap` says what may be
// missing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/ip.h"
#include "policy/engine.h"
#include "policy/review/diff_asked.h"
#include "policy/review/diff_instants.h"

namespace sluice {

struct Witness {
  std::string text;                 // of method, path and body; a path is encoded
  std::vector<std::string> values;  // of query and header: none, one or several; of a body, its Content-Type
  IpAddress source;
  Instant at;
  size_t fields = 0;  // how much it adds to an example
};

struct Dimension {
  enum class Kind : uint8_t { kMethod, kPath, kQuery, kHeader, kSource, kTime, kBody };
  Kind kind = Kind::kMethod;
  std::string name;  // of query and header
  std::vector<Witness> witnesses;
  std::string gap;  // not empty: why some combination may be missing
};

class WitnessFinder {
 public:
  explicit WitnessFinder(const Engine& engine) : engine_(engine) {}

  // Those of which one value is enough are dimensions of one value.
  std::vector<Dimension> find(const DiffPlace& place, const Asked& asked);

 private:
  Dimension methods(const DiffPlace& place, const Asked& asked) const;
  Dimension paths(const DiffPlace& place, const Asked& asked);
  Dimension unknown_paths(const DiffPlace& place, const Asked& asked);
  std::vector<std::string> segment_texts(const DiffPlace& place, const Asked& asked, size_t index,
                                         size_t length, std::string& gap);
  Dimension values(Dimension::Kind kind, const std::string& name, const std::vector<Question>& questions);
  Dimension bodies(const Asked& asked) const;
  const Dimension& times(const std::vector<const TimeWindow*>& windows);

  const Engine& engine_;
  std::map<std::vector<const TimeWindow*>, Dimension> known_times_;
};

}  // namespace sluice
