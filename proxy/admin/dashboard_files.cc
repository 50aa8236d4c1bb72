#include "proxy/admin/dashboard_files.h"

#include <algorithm>
#include <string>
#include <utility>

#include "config/embedded_file.h"
#include "proxy/crypto.h"

namespace sluice {

extern const std::span<const EmbeddedFile> kDashboardFiles;

namespace {

// Content Security Policy Level 3: nothing but what is named, from this origin.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::pair<std::string_view, const char*> kTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".svg", "image/svg+xml"},
};

constexpr size_t kTagDigits = 32;

const EmbeddedFile* find_file(std::string_view path) {
  if (path.empty() || path.front() != '/') return nullptr;
  const std::string_view name = path == "/" ? "index.html" : path.substr(1);
  if (name == "index.html" && path != "/") return nullptr;  // one address for each
  const auto found = std::find_if(kDashboardFiles.begin(), kDashboardFiles.end(),
                                  [name](const EmbeddedFile& file) { return file.name == name; });
  return found == kDashboardFiles.end() ? nullptr : &*found;
}

const char* type_of(std::string_view name) {
  for (const auto& [ending, type] : kTypes)
    if (name.ends_with(ending)) return type;
  return "application/octet-stream";
}

// RFC 9110 13.1.2: a list of entity tags, compared weakly, or "*".
bool has_tag(std::string_view field, std::string_view tag) {
  return field == "*" || field.find(tag) != std::string_view::npos;
}

}  // namespace

bool is_dashboard_path(std::string_view path) { return find_file(path) != nullptr; }

std::optional<HttpResponse> answer_dashboard(const HttpRequest& request) {
  const EmbeddedFile* file = find_file(request.path);
  if (file == nullptr) return std::nullopt;
  const std::string tag = "\"" + hex(sha256(file->text)).substr(0, kTagDigits) + "\"";
  HttpResponse response;
  response.headers = {{"Content-Type", type_of(file->name)},
                      {"ETag", tag},
                      {"Cache-Control", "no-cache"},
                      {"Content-Security-Policy", kPolicy},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cross-Origin-Resource-Policy", "same-origin"}};
  if (has_tag(request.header("if-none-match"), tag)) {
    response.status = 304;
  } else {
    response.body = file->text;
  }
  return response;
}

}  // namespace sluice
