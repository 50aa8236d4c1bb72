#include "proxy/cli/simulate/push_directory.h"

namespace sluice {
namespace {

// clang-format off: data, one object a line
constexpr const char* kEmployees = R"json([
{"id":"e1","email":"john.hill@example.com","knownEmails":["john.hill@example.com"],"firstName":"John","lastName":"Hill","department":"Security Engineering","location":"New York","licensed":true,"chatopsEnabled":false,"groups":["engineering","marketing"],"creationTimestamp":1698669223},
{"id":"e2","email":"amara.okafor@example.com","knownEmails":["amara.okafor@example.com"],"firstName":"Amara","lastName":"Okafor","department":"Finance","location":"London","licensed":true,"chatopsEnabled":false,"groups":["finance"],"creationTimestamp":1698755623},
{"id":"e3","email":"lucia.fernandez@example.com","knownEmails":["lucia.fernandez@example.com"],"firstName":"Lucía","lastName":"Fernández","department":"Sales","location":"Madrid","licensed":true,"chatopsEnabled":false,"groups":["sales"],"creationTimestamp":1698842023},
{"id":"e4","email":"wei.chen@example.com","knownEmails":["wei.chen@example.com"],"firstName":"Wei","lastName":"Chen","department":"Platform","location":"Singapore","licensed":true,"chatopsEnabled":false,"groups":["engineering","on-call"],"creationTimestamp":1698928423},
{"id":"e5","email":"priya.nair@example.com","knownEmails":["priya.nair@example.com"],"firstName":"Priya","lastName":"Nair","department":"People","location":"Bengaluru","licensed":true,"chatopsEnabled":false,"groups":["people"],"creationTimestamp":1699014823},
{"id":"e6","email":"tomasz.nowak@example.com","knownEmails":["tomasz.nowak@example.com"],"firstName":"Tomasz","lastName":"Nowak","department":"Platform","location":"Warsaw","licensed":true,"chatopsEnabled":false,"groups":["engineering"],"creationTimestamp":1699101223},
{"id":"e7","email":"grace.mbeki@example.com","knownEmails":["grace.mbeki@example.com"],"firstName":"Grace","lastName":"Mbeki","department":"Legal","location":"Cape Town","licensed":true,"chatopsEnabled":false,"groups":["legal"],"creationTimestamp":1699187623},
{"id":"e8","email":"jhill@example.com","knownEmails":["jhill@example.com"],"firstName":"John","lastName":"Hill","department":"Security Engineering","location":"New York","licensed":false,"chatopsEnabled":false,"groups":["contractors"],"creationTimestamp":1699274023},
{"id":"e9","email":"a.okafor@example.org","knownEmails":["a.okafor@example.org"],"firstName":"Amara","lastName":"Okafor","department":"Finance","location":"London","licensed":false,"chatopsEnabled":false,"groups":[],"creationTimestamp":1699360423}
])json";

constexpr const char* kApps = R"json([
{"id":"a1","type":"OKTA","approvalStatus":"APPROVED","sensitivityLevel":"HIGH","ownerId":"e4","notes":"Single sign-on for everyone","website":"https://www.okta.example","description":"Identity provider","friendlyName":"Okta","labels":["sso"],"creationTimestamp":1698669223},
{"id":"a2","type":"GITHUB","approvalStatus":"APPROVED","sensitivityLevel":"HIGH","ownerId":"e4","notes":null,"website":"https://github.example","description":"Source code","friendlyName":"GitHub","labels":["engineering"],"creationTimestamp":1698672823},
{"id":"a3","type":"NOTION","approvalStatus":"UNDER_REVIEW","sensitivityLevel":"MEDIUM","ownerId":null,"notes":null,"website":"https://notion.example","description":"Notes and wikis","friendlyName":"Notion","labels":[],"creationTimestamp":1698676423},
{"id":"a4","type":"DROPBOX","approvalStatus":"NOT_APPROVED","sensitivityLevel":"LOW","ownerId":null,"notes":"Use the company drive instead","website":"https://dropbox.example","description":"File sharing","friendlyName":"Dropbox","labels":["shadow"],"creationTimestamp":1698680023},
{"id":"a5","type":"SALESFORCE","approvalStatus":"APPROVED","sensitivityLevel":"HIGH","ownerId":"e3","notes":null,"website":"https://salesforce.example","description":"Customer records","friendlyName":"Salesforce","labels":["sales"],"creationTimestamp":1698683623}
])json";

constexpr const char* kAccounts = R"json([
{"id":"c1","employeeId":"e1","appType":"OKTA","appId":"a1","email":"john.hill@example.com","mfaRegistered":true,"mfaMethods":["APP_TOTP"],"passwordId":"p1","loginMethods":["PASSWORD"],"creationTimestamp":1698669223,"lastUsedTimestamp":1707309223},
{"id":"c2","employeeId":"e1","appType":"GITHUB","appId":"a2","email":"john.hill@example.com","mfaRegistered":true,"mfaMethods":["U2F"],"passwordId":"p1","loginMethods":["PASSWORD"],"creationTimestamp":1698676423,"lastUsedTimestamp":1707312823},
{"id":"c3","employeeId":"e2","appType":"OKTA","appId":"a1","email":"amara.okafor@example.com","mfaRegistered":true,"mfaMethods":["PUSH_NOTIFICATION"],"passwordId":"p2","loginMethods":["PASSWORD"],"creationTimestamp":1698683623,"lastUsedTimestamp":1707316423},
{"id":"c4","employeeId":"e2","appType":"DROPBOX","appId":"a4","email":"amara.okafor@example.com","mfaRegistered":false,"mfaMethods":[],"passwordId":"p2","loginMethods":["PASSWORD"],"creationTimestamp":1698690823,"lastUsedTimestamp":1707320023},
{"id":"c5","employeeId":"e3","appType":"SALESFORCE","appId":"a5","email":"lucia.fernandez@example.com","mfaRegistered":true,"mfaMethods":["SMS_OTP"],"passwordId":"p3","loginMethods":["PASSWORD"],"creationTimestamp":1698698023,"lastUsedTimestamp":1707323623},
{"id":"c6","employeeId":"e4","appType":"GITHUB","appId":"a2","email":"wei.chen@example.com","mfaRegistered":true,"mfaMethods":["U2F"],"passwordId":null,"loginMethods":["OIDC"],"creationTimestamp":1698705223,"lastUsedTimestamp":1707327223},
{"id":"c7","employeeId":"e5","appType":"NOTION","appId":"a3","email":"priya.nair@example.com","mfaRegistered":null,"mfaMethods":null,"passwordId":"p5","loginMethods":["PASSWORD"],"creationTimestamp":1698712423,"lastUsedTimestamp":1707330823},
{"id":"c8","employeeId":"e6","appType":"GITHUB","appId":"a2","email":"tomasz.nowak@example.com","mfaRegistered":false,"mfaMethods":[],"passwordId":"p6","loginMethods":["PASSWORD"],"creationTimestamp":1698719623,"lastUsedTimestamp":1707334423},
{"id":"c9","employeeId":"e8","appType":"DROPBOX","appId":"a4","email":"jhill@example.com","mfaRegistered":false,"mfaMethods":[],"passwordId":"p1","loginMethods":["PASSWORD"],"creationTimestamp":1698726823,"lastUsedTimestamp":1707338023},
{"id":"c10","employeeId":"e9","appType":"NOTION","appId":"a3","email":"a.okafor@example.org","mfaRegistered":false,"mfaMethods":[],"passwordId":"p2","loginMethods":["PASSWORD"],"creationTimestamp":1698734023,"lastUsedTimestamp":1707341623}
])json";

constexpr const char* kBrowsers = R"json([
{"id":"b1","employeeId":"e1","email":"john.hill@example.com","version":"1.92.0","tokenType":"MANAGED","isActive":true,"browser":"CHROME","os":"MACOS","extensionVersion":"1.92.0","creationTimestamp":1698669223,"lastOnlineTimestamp":1707669223},
{"id":"b2","employeeId":"e2","email":"amara.okafor@example.com","version":"1.92.0","tokenType":"MANAGED","isActive":true,"browser":"EDGE","os":"WINDOWS","extensionVersion":"1.92.0","creationTimestamp":1698669283,"lastOnlineTimestamp":1707669283},
{"id":"b3","employeeId":"e4","email":"wei.chen@example.com","version":"1.92.0","tokenType":"MANAGED","isActive":true,"browser":"FIREFOX","os":"LINUX","extensionVersion":"1.92.0","creationTimestamp":1698669343,"lastOnlineTimestamp":1707669343},
{"id":"b4","employeeId":"e8","email":"jhill@example.com","version":"1.92.0","tokenType":"MANAGED","isActive":false,"browser":"CHROME","os":"WINDOWS","extensionVersion":"1.92.0","creationTimestamp":1698669403,"lastOnlineTimestamp":1707669403}
])json";

constexpr const char* kExtensions = R"json([
{"id":"x1","extensionId":"adblocker","employeeId":"e1","browserId":"b1","name":"Ad Blocker","description":"Blocks adverts","deploymentMode":"MANUAL","permissions":["webRequest","storage"],"hostPermissions":["<all_urls>"],"enabled":true,"creationTimestamp":1698669223},
{"id":"x2","extensionId":"passwordvault","employeeId":"e1","browserId":"b1","name":"Password Vault","description":"Keeps passwords","deploymentMode":"MANAGED","permissions":["storage"],"hostPermissions":["https://*/*"],"enabled":true,"creationTimestamp":1698669283},
{"id":"x3","extensionId":"couponfinder","employeeId":"e2","browserId":"b2","name":"Coupon Finder","description":"Finds coupons","deploymentMode":"SIDELOAD","permissions":["tabs","cookies"],"hostPermissions":["<all_urls>"],"enabled":true,"creationTimestamp":1698669343},
{"id":"x4","extensionId":"darkpages","employeeId":"e4","browserId":"b3","name":"Dark Pages","description":"Dark pages","deploymentMode":"MANUAL","permissions":["storage"],"hostPermissions":["<all_urls>"],"enabled":false,"creationTimestamp":1698669403}
])json";

constexpr const char* kDetections = R"json([
{"id":"d1","employeeId":"e2","employee":{"id":"e2","email":"amara.okafor@example.com"},"browserId":"b2","severity":"HIGH","detectionType":"PHISHING","response":"BLOCKED","archived":false,"creationTimestamp":1707769223},
{"id":"d2","employeeId":"e1","employee":{"id":"e1","email":"john.hill@example.com"},"browserId":"b1","severity":"CRITICAL","detectionType":"STOLEN_CREDENTIALS","response":"NONE","archived":false,"creationTimestamp":1707769823},
{"id":"d3","employeeId":"e8","employee":{"id":"e8","email":"jhill@example.com"},"browserId":"b4","severity":"LOW","detectionType":"BLOCKED_URL","response":"BLOCKED","archived":true,"creationTimestamp":1707770423}
])json";

constexpr const char* kFindings = R"json([
{"id":"f1","type":"REUSED_PASSWORD","state":"OPEN","employeeId":"e1","passwordId":"p1","accountId":"c2","appType":"GITHUB","appId":"a2","weakPasswordReasons":null,"creationTimestamp":1707869223},
{"id":"f2","type":"MFA_NOT_REGISTERED","state":"OPEN","employeeId":"e2","passwordId":null,"accountId":"c4","appType":"DROPBOX","appId":"a4","weakPasswordReasons":null,"creationTimestamp":1707869823},
{"id":"f3","type":"WEAK_PASSWORD","state":"OPEN","employeeId":"e5","passwordId":"p5","accountId":"c7","appType":"NOTION","appId":"a3","weakPasswordReasons":["TOO_SHORT"],"creationTimestamp":1707870423},
{"id":"f4","type":"LEAKED_PASSWORD","state":"RESOLVED","employeeId":"e6","passwordId":"p6","accountId":"c8","appType":"GITHUB","appId":"a2","weakPasswordReasons":null,"creationTimestamp":1707871023},
{"id":"f5","type":"SHARED_ACCOUNT","state":"OPEN","employeeId":"e8","passwordId":null,"accountId":"c9","appType":"DROPBOX","appId":"a4","weakPasswordReasons":null,"creationTimestamp":1707871623}
])json";

// clang-format on

}  // namespace

PushDirectory::PushDirectory()
    : employees("e", Json::parse(kEmployees)),
      apps("a", Json::parse(kApps)),
      accounts("c", Json::parse(kAccounts)),
      browsers("b", Json::parse(kBrowsers)),
      extensions("x", Json::parse(kExtensions)),
      detections("d", Json::parse(kDetections)),
      findings("f", Json::parse(kFindings)) {}

}  // namespace sluice
