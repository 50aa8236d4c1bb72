// The operations of policy/catalogue/securenvoy.yaml on a directory in memory. The vendor documents no
// answers: these are plain ones. No password is kept or shown.
#include <algorithm>

#include "policy/unicode.h"
#include "proxy/cli/simulate/securenvoy_directory.h"
#include "proxy/cli/simulate/securenvoy_fields.h"
#include "proxy/cli/simulate/securenvoy_list.h"
#include "proxy/cli/simulate/vendor_front.h"

namespace sluice {
namespace {

constexpr const char* kUserFilters[] = {"username", "email", "firstName", "lastName"};
constexpr const char* kGroupFilters[] = {"name", "description"};
constexpr const char* kApplicationFilters[] = {"name", "label"};

// One side of a membership as seen from the other.
enum class Side { kUser, kOther };

class SecurenvoyApi : public VendorApi {
 public:
  std::optional<HttpResponse> serve(const HttpRequest& request) override;

 private:
  // --- users
  HttpResponse list_users(const Call& call) { return answer_securenvoy_list(call, users(), kUserFilters); }
  HttpResponse get_user(const Call& call) { return show(users().find(call.parameters[0]), "user"); }
  HttpResponse get_by_username(const Call& call) { return show(find_username(call.parameters[0]), "user"); }
  HttpResponse create_user(const Call& call) { return write_user(call, nullptr); }
  HttpResponse update_user(const Call& call) {
    Json* user = users().find(call.parameters[0]);
    return user != nullptr ? write_user(call, user) : no_such("user");
  }
  HttpResponse delete_user(const Call& call) { return remove_user(users().find(call.parameters[0])); }
  HttpResponse delete_by_username(const Call& call) { return remove_user(find_username(call.parameters[0])); }

  // Creates when `user` is null.
  HttpResponse write_user(const Call& call, Json* user) {
    const std::optional<Json> body = parse_json(call.body);
    const Result<Json> fields = read_fields(body, kUserFields);
    if (!fields) return answer_message(400, fields.error().message);
    const Result<Json> password = read_fields(body, kPasswordFields);
    if (!password) return answer_message(400, password.error().message);
    const std::string username = text_member(*fields, "username");
    const bool renames = fields->contains("username");
    if ((user == nullptr || renames) && username.empty()) return answer_message(400, "username is required");
    const Json* holder = renames ? find_username(username) : nullptr;
    if (holder != nullptr && holder != user) return answer_message(400, "username is taken");
    if (user != nullptr) {
      user->update(*fields);
      return answer_json(200, *user);
    }
    const Json created = users().add(*fields);
    directory_.factors[created.at("id").get<std::string>()] = {"password", ""};
    return answer_json(201, created);
  }

  HttpResponse remove_user(const Json* user) {
    if (user == nullptr) return no_such("user");
    const auto id = user->at("id").get<std::string>();
    for (Membership* membership : {&directory_.user_groups, &directory_.user_applications}) {
      std::erase_if(*membership, [&id](const auto& pair) { return pair.first == id; });
    }
    directory_.factors.erase(id);
    users().remove(id);
    return {204, {}, ""};
  }

  const Json* find_username(std::string_view username) {
    const auto wanted = fold_case(username);
    const auto& all = users().items();
    const auto found = std::find_if(all.begin(), all.end(), [&wanted](const Json& user) {
      return fold_case(text_member(user, "username")) == wanted;
    });
    return found == all.end() ? nullptr : &*found;
  }

  // --- credentials
  HttpResponse get_credentials(const Call& call) {
    const auto found = directory_.factors.find(call.parameters[0]);
    if (found == directory_.factors.end()) return no_such("user");
    const auto& [id, factors] = *found;
    const Json second = factors.second.empty() ? Json()
                                               : Json{{"type", factors.second},
                                                      {"data", {{"secret", "SIMULATED-SEED-OF-" + id}}}};
    return answer_json(
        200, {{"id", id},
              {"firstFactor", {{"type", factors.first}, {"data", {{"hash", "SIMULATED-HASH-OF-" + id}}}}},
              {"secondFactor", second}});
  }

  HttpResponse set_credentials(const Call& call) {
    const auto found = directory_.factors.find(call.parameters[0]);
    if (found == directory_.factors.end()) return no_such("user");
    const Result<Json> fields = read_fields(parse_json(call.body), kFactorsFields);
    if (!fields) return answer_message(400, fields.error().message);
    if (fields->contains("id") && fields->at("id") != found->first) {
      return answer_message(400, "id is not the user of the path");
    }
    SecurenvoyDirectory::Factors changed = found->second;
    for (const char* which : {"firstFactor", "secondFactor"}) {
      if (!fields->contains(which)) continue;
      const Result<Json> factor = read_fields(fields->at(which), kFactorFields);
      if (!factor) return answer_message(400, std::string(which) + ": " + factor.error().message);
      std::string& type = which == std::string_view("firstFactor") ? changed.first : changed.second;
      type = text_member(*factor, "type");
      const bool removed = &type == &changed.second && factor->value("remove", false);
      if (type.empty() && !removed) return answer_message(400, std::string(which) + " needs a type");
      if (removed) type.clear();
    }
    found->second = changed;
    const Json second = changed.second.empty() ? Json() : Json{{"type", changed.second}};
    return answer_json(
        200, {{"id", found->first}, {"firstFactor", {{"type", changed.first}}}, {"secondFactor", second}});
  }

  HttpResponse set_password(const Call& call) {
    const auto found = directory_.factors.find(call.parameters[0]);
    if (found == directory_.factors.end()) return no_such("user");
    const Result<Json> fields = read_fields(parse_json(call.body), kPasswordFields);
    if (!fields) return answer_message(400, fields.error().message);
    if (text_member(*fields, "password").empty() && !fields->value("autoGeneratePassword", false)) {
      return answer_message(400, "password or autoGeneratePassword is required");
    }
    found->second.first = "password";
    return answer_json(200, {{"id", found->first}, {"passwordSet", true}});
  }

  // --- groups
  HttpResponse list_groups(const Call& call) { return answer_securenvoy_list(call, groups(), kGroupFilters); }
  HttpResponse get_group(const Call& call) { return show(groups().find(call.parameters[0]), "group"); }
  HttpResponse create_group(const Call& call) { return write_group(call, nullptr); }
  HttpResponse update_group(const Call& call) {
    Json* group = groups().find(call.parameters[0]);
    return group != nullptr ? write_group(call, group) : no_such("group");
  }

  HttpResponse write_group(const Call& call, Json* group) {
    const Result<Json> fields = read_fields(parse_json(call.body), kGroupFields);
    if (!fields) return answer_message(400, fields.error().message);
    const bool renames = fields->contains("name");
    if ((group == nullptr || renames) && text_member(*fields, "name").empty()) {
      return answer_message(400, "name is required");
    }
    if (group == nullptr) return answer_json(201, groups().add(*fields));
    group->update(*fields);
    return answer_json(200, *group);
  }

  HttpResponse delete_group(const Call& call) {
    if (!groups().remove(call.parameters[0])) return no_such("group");
    std::erase_if(directory_.user_groups,
                  [&call](const auto& pair) { return pair.second == call.parameters[0]; });
    return {204, {}, ""};
  }

  // --- applications
  HttpResponse list_applications(const Call& call) {
    return answer_securenvoy_list(call, applications(), kApplicationFilters);
  }

  // --- memberships, from either side
  HttpResponse groups_of_user(const Call& call) { return members(call, Side::kUser, groups_relation()); }
  HttpResponse applications_of_user(const Call& call) {
    return members(call, Side::kUser, applications_relation());
  }
  HttpResponse users_of_group(const Call& call) { return members(call, Side::kOther, groups_relation()); }
  HttpResponse users_of_application(const Call& call) {
    return members(call, Side::kOther, applications_relation());
  }
  HttpResponse assign_groups(const Call& call) { return change(call, Side::kUser, groups_relation(), true); }
  HttpResponse remove_groups(const Call& call) { return change(call, Side::kUser, groups_relation(), false); }
  HttpResponse assign_applications(const Call& call) {
    return change(call, Side::kUser, applications_relation(), true);
  }
  HttpResponse remove_applications(const Call& call) {
    return change(call, Side::kUser, applications_relation(), false);
  }
  HttpResponse assign_group_users(const Call& call) {
    return change(call, Side::kOther, groups_relation(), true);
  }
  HttpResponse remove_group_users(const Call& call) {
    return change(call, Side::kOther, groups_relation(), false);
  }
  HttpResponse assign_app_users(const Call& call) {
    return change(call, Side::kOther, applications_relation(), true);
  }
  HttpResponse remove_app_users(const Call& call) {
    return change(call, Side::kOther, applications_relation(), false);
  }

  // Users and what they are members of.
  struct Relation {
    Collection& others;
    Membership& pairs;
    std::string_view other_name;
  };
  Relation groups_relation() { return {groups(), directory_.user_groups, "group"}; }
  Relation applications_relation() { return {applications(), directory_.user_applications, "application"}; }

  HttpResponse members(const Call& call, Side from, Relation relation) {
    Collection& near = from == Side::kUser ? users() : relation.others;
    Collection& far = from == Side::kUser ? relation.others : users();
    const std::string& id = call.parameters[0];
    if (near.find(id) == nullptr) return no_such(from == Side::kUser ? "user" : relation.other_name);
    Json result = Json::array();
    for (const Json& item : far.items()) {
      const auto far_id = item.at("id").get<std::string>();
      if (relation.pairs.count(from == Side::kUser ? std::pair(id, far_id) : std::pair(far_id, id)) > 0) {
        result.push_back(item);
      }
    }
    return answer_json(200, result);
  }

  // All or nothing; answers with the members that there are then.
  HttpResponse change(const Call& call, Side from, Relation relation, bool assign) {
    Collection& near = from == Side::kUser ? users() : relation.others;
    Collection& far = from == Side::kUser ? relation.others : users();
    const std::string& id = call.parameters[0];
    if (near.find(id) == nullptr) return no_such(from == Side::kUser ? "user" : relation.other_name);
    const Result<std::vector<std::string>> ids = read_ids(call.body);
    if (!ids) return answer_message(400, ids.error().message);
    for (const std::string& far_id : *ids) {
      if (far.find(far_id) == nullptr) return no_such(from == Side::kUser ? relation.other_name : "user");
    }
    for (const std::string& far_id : *ids) {
      const auto pair = from == Side::kUser ? std::pair(id, far_id) : std::pair(far_id, id);
      if (assign) {
        relation.pairs.insert(pair);
      } else {
        relation.pairs.erase(pair);
      }
    }
    return members(call, from, relation);
  }

  static HttpResponse show(const Json* item, std::string_view kind) {
    return item != nullptr ? answer_json(200, *item) : no_such(kind);
  }

  Collection& users() { return directory_.users; }
  Collection& groups() { return directory_.groups; }
  Collection& applications() { return directory_.applications; }

  SecurenvoyDirectory directory_;
};

std::optional<HttpResponse> SecurenvoyApi::serve(const HttpRequest& request) {
  using Api = SecurenvoyApi;
  static constexpr VendorRoute<Api> kRoutes[] = {
      {"GET", "/api/user/restapi/users/username/{username}", &Api::get_by_username},
      {"DELETE", "/api/user/restapi/users/username/{username}", &Api::delete_by_username},
      {"GET", "/api/user/restapi/users", &Api::list_users},
      {"POST", "/api/user/restapi/users", &Api::create_user},
      {"GET", "/api/user/restapi/users/{userId}", &Api::get_user},
      {"PUT", "/api/user/restapi/users/{userId}", &Api::update_user},
      {"DELETE", "/api/user/restapi/users/{userId}", &Api::delete_user},
      {"GET", "/api/user/restapi/users/{userId}/groups", &Api::groups_of_user},
      {"GET", "/api/user/restapi/users/{userId}/applications", &Api::applications_of_user},
      {"POST", "/api/user/restapi/users/{userId}/assigngroups", &Api::assign_groups},
      {"POST", "/api/user/restapi/users/{userId}/removegroups", &Api::remove_groups},
      {"POST", "/api/user/restapi/users/{userId}/assignapplications", &Api::assign_applications},
      {"POST", "/api/user/restapi/users/{userId}/removeapplications", &Api::remove_applications},
      {"POST", "/api/user/restapi/credentials/setpassword/{userId}", &Api::set_password},
      {"GET", "/api/user/restapi/credentials/{userId}", &Api::get_credentials},
      {"POST", "/api/user/restapi/credentials/{userId}", &Api::set_credentials},
      {"GET", "/api/user/restapi/groups", &Api::list_groups},
      {"POST", "/api/user/restapi/groups", &Api::create_group},
      {"GET", "/api/user/restapi/groups/{groupId}", &Api::get_group},
      {"PUT", "/api/user/restapi/groups/{groupId}", &Api::update_group},
      {"DELETE", "/api/user/restapi/groups/{groupId}", &Api::delete_group},
      {"GET", "/api/user/restapi/groups/{groupId}/users", &Api::users_of_group},
      {"POST", "/api/user/restapi/groups/{groupId}/assignusers", &Api::assign_group_users},
      {"POST", "/api/user/restapi/groups/{groupId}/removeusers", &Api::remove_group_users},
      {"GET", "/api/user/restapi/applications", &Api::list_applications},
      {"GET", "/api/user/restapi/applications/{applicationId}/users", &Api::users_of_application},
      {"POST", "/api/user/restapi/applications/{applicationId}/assignusers", &Api::assign_app_users},
      {"POST", "/api/user/restapi/applications/{applicationId}/removeusers", &Api::remove_app_users},
  };
  return take_route(*this, kRoutes, request, true);
}

}  // namespace

std::unique_ptr<Simulator> make_securenvoy_simulator(const VendorOptions& options) {
  VendorManners manners{"authorization", "Bearer ", answer_message(401, "Unauthorized"),
                        answer_message(403, "Forbidden"), answer_message(404, "No such endpoint")};
  return std::make_unique<VendorFront>(options, std::move(manners), std::make_unique<SecurenvoyApi>());
}

}  // namespace sluice
