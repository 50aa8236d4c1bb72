// dashboard_files: the page that people look at, embedded at build from proxy/admin/dashboard/. A browser is
// allowed to load from here only, and to run nothing that stands in the page itself. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "proxy/http/http_server.h"

namespace sluice {

// The answer to GET or HEAD of a path: index.html is "/". nullopt: no file has it.
std::optional<HttpResponse> answer_dashboard(const HttpRequest& request);
bool is_dashboard_path(std::string_view path);

}  // namespace sluice
