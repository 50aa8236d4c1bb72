#include "policy/review/diff_enumerate.h"

#include <algorithm>

#include "config/ascii.h"

namespace sluice {
namespace {

size_t length_of(const DiffExample& example) {
  size_t length = example.path.size() + example.request.query.size() + example.request.body.size();
  for (const auto& [name, value] : example.request.headers) length += name.size() + value.size();
  return length;
}

bool includes(const std::vector<std::string>& all, const std::vector<std::string>& some) {
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

}  // namespace

Enumeration::Enumeration(const Config& config, const DiffPlace& place, size_t client,
                         const std::vector<Dimension>& dimensions)
    : config_(config), place_(place), client_(client), dimensions_(dimensions), at_(dimensions.size()) {}

void Enumeration::run(DiffJudge& judge, size_t most) {
  if (std::any_of(dimensions_.begin(), dimensions_.end(),
                  [](const Dimension& dimension) { return dimension.witnesses.empty(); }))
    return;
  do {
    if (!build()) continue;
    judge.judge(example_.request);
    if (judge.refused() || !judge.fits(place_.slots) || !judge.differs()) continue;
    keep(judge);
  } while (--most > 0 && advance());
}

std::vector<DiffChange> Enumeration::take() {
  std::vector<DiffChange> all;
  for (Found& found : found_) all.push_back(std::move(found.change));
  return all;
}

bool Enumeration::Found::is_told_by(const DiffChange& other) const {
  return change.direction == other.direction && change.before == other.before &&
         change.after == other.after && marks_of(change) == marks_of(other) &&
         includes(change.rules_before, other.rules_before) && includes(change.rules_after, other.rules_after);
}

// Of changes by the same rules, the simplest; of changes by more rules, those that no fewer rules tell.
void Enumeration::keep(const DiffJudge& judge) {
  Found fresh;
  judge.write(fresh.change);
  fresh.cost = {fields_, length_of(example_)};
  for (const Found& known : found_) {
    if (!fresh.is_told_by(known.change)) continue;
    if (!known.is_told_by(fresh.change) || known.cost <= fresh.cost) return;
  }
  const auto told = [&fresh](const Found& known) { return known.is_told_by(fresh.change); };
  found_.erase(std::remove_if(found_.begin(), found_.end(), told), found_.end());
  fresh.change.has_example = true;
  fresh.change.example = example_;
  found_.push_back(std::move(fresh));
}

bool Enumeration::advance() {
  for (size_t i = at_.size(); i-- > 0;) {
    if (++at_[i] < dimensions_[i].witnesses.size()) return true;
    at_[i] = 0;
  }
  return false;
}

bool Enumeration::build() {
  ReviewRequest& request = example_.request;
  request.client = client_;
  request.api = place_.api;
  request.query.clear();
  request.headers.clear();
  request.source = *parse_ip("127.0.0.1");
  request.at = any_instant();
  fields_ = 0;
  by_host_ = false;
  for (size_t i = 0; i < at_.size(); ++i) {
    const Dimension& dimension = dimensions_[i];
    const Witness& witness = dimension.witnesses[at_[i]];
    fields_ += witness.fields;
    if (!apply(dimension, witness)) return false;
  }
  const std::string& prefix = config_.apis[place_.api].name;
  example_.path = (by_host_ ? "" : "/" + prefix) + request.path;
  return true;
}

bool Enumeration::apply(const Dimension& dimension, const Witness& witness) {
  ReviewRequest& request = example_.request;
  switch (dimension.kind) {
    case Dimension::Kind::kMethod: request.method = witness.text; return true;
    case Dimension::Kind::kPath: request.path = witness.text; return true;
    case Dimension::Kind::kQuery:
      for (const std::string& value : witness.values) {
        request.query +=
            (request.query.empty() ? "" : "&") + percent_encode(dimension.name) + "=" + percent_encode(value);
      }
      return true;
    case Dimension::Kind::kHeader:
      for (const std::string& value : witness.values) request.headers.emplace_back(dimension.name, value);
      return dimension.name != "host" || route_by(witness.values);
    case Dimension::Kind::kSource:
      request.source = witness.source;
      example_.source_matters = true;
      return true;
    case Dimension::Kind::kTime:
      request.at = witness.at;
      example_.time_matters = true;
      return true;
    case Dimension::Kind::kBody:
      request.body = witness.text;
      for (const std::string& value : witness.values) request.headers.emplace_back("content-type", value);
      return true;
  }
  return true;
}

// A Host that means an API leads there, and then the path has no prefix.
bool Enumeration::route_by(const std::vector<std::string>& hosts) {
  if (hosts.size() > 1) return false;
  for (size_t api = 0; api < config_.apis.size() && !hosts.empty(); ++api) {
    for (const std::string& known : config_.apis[api].hosts) {
      if (!equals_ignoring_case(known, hosts[0].substr(0, hosts[0].find(':')))) continue;
      by_host_ = true;
      return api == place_.api;
    }
  }
  return true;
}

}  // namespace sluice
