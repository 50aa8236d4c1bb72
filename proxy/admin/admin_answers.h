// admin_answers: what the pages of the admin port have in common: their header fields and their errors.
// Pure; any thread.
#pragma once

#include <string>

#include "proxy/http/http_server.h"

namespace sluice {

// Nothing here is for caches, for a browser's guesses, or for pages of other origins.
HttpResponse make_admin_response(int status, const char* content_type, std::string body);
// RFC 9457; the status says it all, so there is no type of our own.
HttpResponse make_admin_problem(int status, const char* title, const char* detail);

}  // namespace sluice
