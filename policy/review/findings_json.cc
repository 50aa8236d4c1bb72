#include "policy/review/findings_json.h"

#include <nlohmann/json.hpp>

namespace sluice {

nlohmann::ordered_json findings_json(const Findings& findings) {
  auto list = nlohmann::ordered_json::array();
  for (const Finding& finding : findings.all()) {
    list.push_back({{"file", finding.at.file},
                    {"line", finding.at.line},
                    {"column", finding.at.column},
                    {"severity", to_text(finding.severity)},
                    {"rule", finding.rule},
                    {"message", finding.message}});
  }
  return list;
}

}  // namespace sluice
