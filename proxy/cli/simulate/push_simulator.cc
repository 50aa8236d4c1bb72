// The operations of policy/catalogue/push.yaml on a directory in memory.
#include <algorithm>
#include <set>

#include "proxy/cli/simulate/push_directory.h"
#include "proxy/cli/simulate/push_list.h"
#include "proxy/cli/simulate/vendor_front.h"

namespace sluice {
namespace {

using Kind = PushFilter::Kind;

constexpr size_t kMostSecondaries = 5;

constexpr PushFilter kAccountFilters[] = {{"email", "email", Kind::kContains},
                                          {"appType", "appType", Kind::kEquals},
                                          {"employeeId", "employeeId", Kind::kEquals},
                                          {"passwordId", "passwordId", Kind::kEquals},
                                          {"lastUsedTimestampAfter", "lastUsedTimestamp", Kind::kAfter},
                                          {"lastUsedTimestampBefore", "lastUsedTimestamp", Kind::kBefore}};
constexpr PushFilter kCreatedFilters[] = {{"creationTimestampAfter", "creationTimestamp", Kind::kAfter}};
constexpr PushFilter kBrowserFilters[] = {{"lastOnlineTimestampAfter", "lastOnlineTimestamp", Kind::kAfter}};
constexpr PushFilter kExtensionFilters[] = {
    {"extensionId", "extensionId", Kind::kEquals},   {"employeeId", "employeeId", Kind::kEquals},
    {"browserId", "browserId", Kind::kEquals},       {"deploymentMode", "deploymentMode", Kind::kEquals},
    {"permissions", "permissions", Kind::kIncludes}, {"hostPermissions", "hostPermissions", Kind::kIncludes},
    {"enabled", "enabled", Kind::kBoolean}};
constexpr PushFilter kDetectionFilters[] = {{"creationTimestampAfter", "creationTimestamp", Kind::kAfter},
                                            {"severity", "severity", Kind::kEquals},
                                            {"archived", "archived", Kind::kBoolean},
                                            {"detectionType", "detectionType", Kind::kEquals}};

// Adds what `into` does not have yet.
void join(Json& into, const Json& from) {
  for (const Json& item : from) {
    if (std::find(into.begin(), into.end(), item) == into.end()) into.push_back(item);
  }
}

// Whether a member of PATCH /v1/apps/{id} may have this value; null always may.
bool is_app_value(const std::string& member, const Json& value, const Collection& employees) {
  if (value.is_null()) return true;
  if (!value.is_string()) return false;
  if (member == "notes") return true;
  if (member == "ownerId") return employees.find(value.get<std::string>()) != nullptr;
  static const std::set<std::string> kStatuses{"APPROVED", "NOT_APPROVED", "UNDER_REVIEW"};
  static const std::set<std::string> kLevels{"HIGH", "MEDIUM", "LOW"};
  return (member == "approvalStatus" ? kStatuses : kLevels).count(value.get<std::string>()) > 0;
}

class PushApi : public VendorApi {
 public:
  std::optional<HttpResponse> serve(const HttpRequest& request) override;

 private:
  HttpResponse list_accounts(const Call& call) {
    return answer_push_list(call, directory_.accounts, kAccountFilters);
  }
  HttpResponse list_apps(const Call& call) {
    return answer_push_list(call, directory_.apps, kCreatedFilters);
  }
  HttpResponse list_browsers(const Call& call) {
    return answer_push_list(call, directory_.browsers, kBrowserFilters);
  }
  HttpResponse list_extensions(const Call& call) {
    return answer_push_list(call, directory_.extensions, kExtensionFilters);
  }
  HttpResponse list_detections(const Call& call) {
    return answer_push_list(call, directory_.detections, kDetectionFilters);
  }
  HttpResponse list_employees(const Call& call) { return answer_push_list(call, directory_.employees, {}); }
  HttpResponse list_findings(const Call& call) {
    return answer_push_list(call, directory_.findings, kCreatedFilters);
  }

  HttpResponse get_detection(const Call& call) {
    const Json* detection = directory_.detections.find(call.parameters[0]);
    return detection != nullptr ? answer_json(200, *detection) : no_such("detection");
  }

  // null unsets a member, absence leaves it. All or nothing.
  HttpResponse update_app(const Call& call) {
    Json* app = directory_.apps.find(call.parameters[0]);
    if (app == nullptr) return no_such("app");
    const std::optional<Json> body = parse_json(call.body);
    if (!body || !body->is_object()) return answer_message(400, "the body has to be an object");
    Json changed = *app;
    for (const char* member : {"approvalStatus", "sensitivityLevel", "notes", "ownerId"}) {
      if (!body->contains(member)) continue;
      if (!is_app_value(member, body->at(member), directory_.employees)) {
        return answer_message(400, std::string(member) + " is not valid");
      }
      changed[member] = body->at(member);
    }
    *app = std::move(changed);
    return answer_json(200, *app);
  }

  HttpResponse add_group(const Call& call) { return change_groups(call, true); }
  HttpResponse remove_group(const Call& call) { return change_groups(call, false); }

  HttpResponse change_groups(const Call& call, bool add) {
    Json* employee = directory_.employees.find(call.parameters[0]);
    if (employee == nullptr) return no_such("employee");
    const std::optional<Json> body = parse_json(call.body);
    const std::string group = body && body->is_object() ? text_member(*body, "group") : "";
    if (group.empty()) return answer_message(400, "group is required and has to be a text");
    Json& groups = employee->at("groups");
    if (add) {
      join(groups, Json::array({group}));
    } else {
      const auto found = std::find(groups.begin(), groups.end(), group);
      if (found != groups.end()) groups.erase(found);
    }
    return answer_json(200, {{"groups", groups}});
  }

  HttpResponse merge(const Call& call) {
    const std::string& primary = call.parameters[0];
    if (directory_.employees.find(primary) == nullptr) return no_such("employee");
    const std::optional<Json> body = parse_json(call.body);
    const Json ids = body && body->is_object() ? body->value("secondaryEmployeeIds", Json()) : Json();
    if (!ids.is_array() || ids.empty() || ids.size() > kMostSecondaries) {
      return answer_message(400, "secondaryEmployeeIds has to be a list of 1 to 5 employee ids");
    }
    std::set<std::string> secondaries;
    for (const Json& id : ids) {
      if (!id.is_string()) return answer_message(400, "secondaryEmployeeIds has to hold texts");
      if (id == primary) return answer_message(400, "an employee cannot be merged into itself");
      if (directory_.employees.find(id.get<std::string>()) == nullptr) return no_such("secondary employee");
      secondaries.insert(id.get<std::string>());
    }
    for (const std::string& secondary : secondaries) absorb(primary, secondary);
    return answer_json(200, *directory_.employees.find(primary));
  }

  // Moves what belongs to the secondary over to the primary. Requires: both exist.
  void absorb(const std::string& primary, const std::string& secondary) {
    const Json gone = *directory_.employees.find(secondary);
    directory_.employees.remove(secondary);
    Json& kept = *directory_.employees.find(primary);
    join(kept.at("knownEmails"), gone.at("knownEmails"));
    join(kept.at("groups"), gone.at("groups"));
    for (Collection* owned : {&directory_.accounts, &directory_.browsers, &directory_.extensions,
                              &directory_.detections, &directory_.findings}) {
      for (Json& item : owned->items()) {
        if (item.at("employeeId") == secondary) item["employeeId"] = primary;
        if (item.contains("employee"))
          item["employee"] = {{"id", item["employeeId"]}, {"email", kept.at("email")}};
      }
    }
    for (Json& app : directory_.apps.items()) {
      if (app.at("ownerId") == secondary) app["ownerId"] = primary;
    }
  }

  PushDirectory directory_;
};

std::optional<HttpResponse> PushApi::serve(const HttpRequest& request) {
  static constexpr VendorRoute<PushApi> kRoutes[] = {
      {"GET", "/v1/accounts", &PushApi::list_accounts},
      {"GET", "/v1/apps", &PushApi::list_apps},
      {"PATCH", "/v1/apps/{id}", &PushApi::update_app},
      {"GET", "/v1/browsers", &PushApi::list_browsers},
      {"GET", "/v1/browserExtensions", &PushApi::list_extensions},
      {"GET", "/v1/detections", &PushApi::list_detections},
      {"GET", "/v1/detections/{id}", &PushApi::get_detection},
      {"GET", "/v1/employees", &PushApi::list_employees},
      {"POST", "/v1/employees/{id}/groups", &PushApi::add_group},
      {"DELETE", "/v1/employees/{id}/groups", &PushApi::remove_group},
      {"POST", "/v1/employees/{id}/merge", &PushApi::merge},
      {"GET", "/v1/findings", &PushApi::list_findings},
  };
  return take_route(*this, kRoutes, request, false);
}

}  // namespace

std::unique_ptr<Simulator> make_push_simulator(const VendorOptions& options) {
  // What api.pushsecurity.com answers without a key, and for a path that it does not know.
  const HttpResponse missing = answer_message(403, "Missing Authentication Token");
  VendorManners manners{"x-api-key", "", missing, answer_message(403, "Forbidden"), missing};
  return std::make_unique<VendorFront>(options, std::move(manners), std::make_unique<PushApi>());
}

}  // namespace sluice
