#include "proxy/admin/admin_answers.h"

#include <nlohmann/json.hpp>

namespace sluice {

HttpResponse make_admin_response(int status, const char* content_type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", content_type},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-store"},
                      {"Cross-Origin-Resource-Policy", "same-origin"}};
  response.body = std::move(body);
  return response;
}

HttpResponse make_admin_problem(int status, const char* title, const char* detail) {
  const nlohmann::ordered_json problem{
      {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  return make_admin_response(status, "application/problem+json", problem.dump() + "\n");
}

}  // namespace sluice
