// SecurenvoyDirectory: the users, groups and applications that a simulated SecurEnvoy tenant starts with:
// users u1..u9, groups g1..g4, applications a1..a4. Keeps no password: only which kinds of factor a user has.
// Owner: SecurenvoyApi.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "proxy/cli/simulate/collection.h"

namespace sluice {

// (user, group) or (user, application).
using Membership = std::set<std::pair<std::string, std::string>>;

struct SecurenvoyDirectory {
  struct Factors {
    std::string first;
    std::string second;  // empty: none
  };

  SecurenvoyDirectory();

  Collection users;
  Collection groups;
  Collection applications;
  Membership user_groups;
  Membership user_applications;
  std::map<std::string, Factors> factors;  // by user
};

}  // namespace sluice
