#include "proxy/cli/simulate/securenvoy_directory.h"

namespace sluice {
namespace {

// clang-format off: data, one object a line
constexpr const char* kUsers = R"json([
{"id":"u1","username":"john.hill","email":"john.hill@example.com","firstName":"John","middleName":"","lastName":"Hill","userType":"user","phone":"","mobile":"+15550100","fax":"","streetAddress":"","city":"New York","postalCode":"","poBox":"","state":"","employeeNumber":"100","department":"Security Engineering","jobTitle":"","employmentType":"permanent","country":"United States","isLocked":false,"isEnabled":true,"aliases":[],"customAttributes":[]},
{"id":"u2","username":"amara.okafor","email":"amara.okafor@example.com","firstName":"Amara","middleName":"","lastName":"Okafor","userType":"user","phone":"","mobile":"+15550101","fax":"","streetAddress":"","city":"London","postalCode":"","poBox":"","state":"","employeeNumber":"101","department":"Finance","jobTitle":"","employmentType":"permanent","country":"United Kingdom","isLocked":false,"isEnabled":true,"aliases":[],"customAttributes":[]},
{"id":"u3","username":"lucia.fernandez","email":"lucia.fernandez@example.com","firstName":"Lucía","middleName":"","lastName":"Fernández","userType":"user","phone":"","mobile":"+15550102","fax":"","streetAddress":"","city":"Madrid","postalCode":"","poBox":"","state":"","employeeNumber":"102","department":"Sales","jobTitle":"","employmentType":"permanent","country":"Spain","isLocked":false,"isEnabled":true,"aliases":[],"customAttributes":[]},
{"id":"u4","username":"wei.chen","email":"wei.chen@example.com","firstName":"Wei","middleName":"","lastName":"Chen","userType":"user","phone":"","mobile":"+15550103","fax":"","streetAddress":"","city":"Singapore","postalCode":"","poBox":"","state":"","employeeNumber":"103","department":"Platform","jobTitle":"","employmentType":"permanent","country":"Singapore","isLocked":false,"isEnabled":true,"aliases":[],"customAttributes":[]},
{"id":"u5","username":"priya.nair","email":"priya.nair@example.com","firstName":"Priya","middleName":"","lastName":"Nair","userType":"user","phone":"","mobile":"+15550104","fax":"","streetAddress":"","city":"Bengaluru","postalCode":"","poBox":"","state":"","employeeNumber":"104","department":"People","jobTitle":"","employmentType":"permanent","country":"India","isLocked":false,"isEnabled":true,"aliases":[],"customAttributes":[]},
{"id":"u6","username":"tomasz.nowak","email":"tomasz.nowak@example.com","firstName":"Tomasz","middleName":"","lastName":"Nowak","userType":"user","phone":"","mobile":"+15550105","fax":"","streetAddress":"","city":"Warsaw","postalCode":"","poBox":"","state":"","employeeNumber":"105","department":"Platform","jobTitle":"","employmentType":"permanent","country":"Poland","isLocked":false,"isEnabled":true,"aliases":[],"customAttributes":[]},
{"id":"u7","username":"grace.mbeki","email":"grace.mbeki@example.com","firstName":"Grace","middleName":"","lastName":"Mbeki","userType":"user","phone":"","mobile":"+15550106","fax":"","streetAddress":"","city":"Cape Town","postalCode":"","poBox":"","state":"","employeeNumber":"106","department":"Legal","jobTitle":"","employmentType":"permanent","country":"South Africa","isLocked":true,"isEnabled":true,"aliases":[],"customAttributes":[]},
{"id":"u8","username":"noor.haddad","email":"noor.haddad@example.com","firstName":"Noor","middleName":"","lastName":"Haddad","userType":"user","phone":"","mobile":"+15550107","fax":"","streetAddress":"","city":"Amman","postalCode":"","poBox":"","state":"","employeeNumber":"107","department":"Support","jobTitle":"","employmentType":"permanent","country":"Jordan","isLocked":false,"isEnabled":true,"aliases":[],"customAttributes":[]},
{"id":"u9","username":"sven.lindqvist","email":"sven.lindqvist@example.com","firstName":"Sven","middleName":"","lastName":"Lindqvist","userType":"user","phone":"","mobile":"+15550108","fax":"","streetAddress":"","city":"Stockholm","postalCode":"","poBox":"","state":"","employeeNumber":"108","department":"Operations","jobTitle":"","employmentType":"permanent","country":"Sweden","isLocked":false,"isEnabled":false,"aliases":[],"customAttributes":[]}
])json";

constexpr const char* kGroups = R"json([
{"id":"g1","name":"Everyone","description":"All people","enforceSecondFactor":false},
{"id":"g2","name":"Engineering","description":"Who builds","enforceSecondFactor":true},
{"id":"g3","name":"Finance","description":"Who pays","enforceSecondFactor":true},
{"id":"g4","name":"Administrators","description":"Who may change this tenant","enforceSecondFactor":true}
])json";

constexpr const char* kApplications = R"json([
{"id":"a1","name":"vpn","label":"Company VPN"},
{"id":"a2","name":"mail","label":"Mail and calendar"},
{"id":"a3","name":"payroll","label":"Payroll"},
{"id":"a4","name":"wiki","label":"Wiki"}
])json";

// Pairs, as Json, so that nothing has to be built before main().
constexpr const char* kUserGroups =
    R"json([["u1","g1"],["u2","g1"],["u3","g1"],["u4","g1"],["u5","g1"],["u6","g1"],["u7","g1"],["u8","g1"],["u9","g1"],["u1","g2"],["u4","g2"],["u6","g2"],["u2","g3"],["u4","g4"]])json";

constexpr const char* kUserApplications =
    R"json([["u1","a2"],["u2","a2"],["u3","a2"],["u4","a2"],["u5","a2"],["u6","a2"],["u7","a2"],["u8","a2"],["u9","a2"],["u1","a1"],["u4","a1"],["u6","a1"],["u2","a3"],["u3","a4"],["u4","a4"]])json";
// clang-format on

}  // namespace

SecurenvoyDirectory::SecurenvoyDirectory()
    : users("u", Json::parse(kUsers)),
      groups("g", Json::parse(kGroups)),
      applications("a", Json::parse(kApplications)),
      user_groups(Json::parse(kUserGroups).get<Membership>()),
      user_applications(Json::parse(kUserApplications).get<Membership>()) {
  for (const Json& user : users.items()) {
    const auto id = user.at("id").get<std::string>();
    factors[id] = {"password", id == "u9" ? "" : "totp"};
  }
}

}  // namespace sluice
