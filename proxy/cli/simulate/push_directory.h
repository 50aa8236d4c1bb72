// PushDirectory: the people, apps and devices that a simulated Push Security account starts with. Employees
// e1..e9, apps a1..a5, accounts c1..c10, browsers b1..b4, extensions x1..x4, detections d1..d3, findings
// f1..f5. e1 and e8 are one person known twice, e2 and e9 another: something to merge. Owner: PushApi.
#pragma once

#include "proxy/cli/simulate/collection.h"

namespace sluice {

struct PushDirectory {
  PushDirectory();

  Collection employees;
  Collection apps;
  Collection accounts;
  Collection browsers;
  Collection extensions;
  Collection detections;
  Collection findings;
};

}  // namespace sluice
