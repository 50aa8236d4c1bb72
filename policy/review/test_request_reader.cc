#include "policy/review/test_request_reader.h"

#include <algorithm>

#include "config/ascii.h"
#include "config/map_reader.h"
#include "config/rfc3339.h"
#include "config/yaml_reader.h"
#include "policy/review/json_text.h"

namespace sluice {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

// What stands for itself in a query (RFC 3986, unreserved) stays.
void append_encoded(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (char c : text) {
    if (is_alphanumeric(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += {'%', kHex[octet >> 4], kHex[octet & 15]};
  }
}

class TestRequestReader {
 public:
  TestRequestReader(const Value& value, const TestContext& context, Findings& findings)
      : map_(value, "request", findings), context_(context), findings_(findings) {}

  ReviewRequest read(bool may_be_lost) {
    if (!map_.is_map()) return {};
    read_client();
    read_method();
    const Value* path = map_.required("path");
    std::string target;
    if (path != nullptr) target = read_target(*path);
    if (const Value* query = map_.optional("query")) read_query(*query, target);
    if (const Value* headers = map_.optional("headers")) read_headers(*headers);
    read_body();
    read_source();
    read_time();
    map_.finish();
    context_.route(context_.config, target, request_);
    if (path != nullptr && !target.empty() && !request_.api && !may_be_lost) report_lost(*path, target);
    return std::move(request_);
  }

 private:
  void read_client() {
    const Value* value = map_.required("client");
    if (value == nullptr) return;
    const auto name = read_text(*value, "client", findings_);
    if (!name) return;
    if (const auto client = find_client(context_.config, *name)) {
      request_.client = *client;
      return;
    }
    std::vector<std::string> known;
    for (const ClientConfig& client : context_.config.clients) known.push_back(client.name);
    findings_.error(value->at, "unknown-client",
                    "client: unknown client " + quoted(*name) + suggestion(*name, known));
  }

  void read_method() {
    const Value* value = map_.required("method");
    if (value == nullptr) return;
    const auto text = read_text(*value, "method", findings_);
    if (!text) return;
    request_.method = *text;
    if (!is_token(*text))
      findings_.error(value->at, "invalid-value",
                      "method: " + quoted(*text) + " is not a method, write one such as GET or POST");
  }

  std::string read_target(const Value& value) {
    const auto text = read_text(value, "path", findings_);
    if (!text) return "";
    const bool is_target = text->starts_with('/') && std::all_of(text->begin(), text->end(), [](char c) {
                             return static_cast<unsigned char>(c) > ' ' && c != '\x7f';
                           });
    if (is_target) return *text;
    findings_.error(
        value.at, "bad-path",
        "path: expected a path without white space that starts with / and the API's name, such as "
        "/push/v1/employees");
    return "";
  }

  void read_query(const Value& value, std::string& target) {
    std::string query;
    if (value.is_map()) {
      for (const auto& [name, texts] : value.entries) {
        for (const Value* text : read_scalars(texts, "query " + name.text, findings_)) {
          if (!query.empty()) query += '&';
          append_encoded(query, name.text);
          query += '=';
          append_encoded(query, text->text);
        }
      }
    } else if (value.is_scalar() && !value.text.starts_with('?')) {
      query = value.text;
    } else {
      findings_.error(value.at, "bad-query",
                      "query: expected a text without \"?\", or a map from names to texts");
    }
    if (target.find('?') != std::string::npos)
      findings_.error(value.at, "bad-query", "query: the path has a query already, give one of the two");
    if (!target.empty()) target += "?" + query;
  }

  void read_headers(const Value& value) {
    if (!MapReader(value, "headers", findings_).is_map()) return;
    for (const auto& [name, texts] : value.entries) {
      if (!is_token(name.text))
        findings_.error(name.at, "bad-name", "headers: " + quoted(name.text) + " is not a name");
      for (const Value* text : read_scalars(texts, name.text, findings_)) {
        const std::string_view trimmed = trim(text->text);
        if (trimmed.find_first_of("\r\n") != std::string_view::npos)
          findings_.error(text->at, "bad-header", name.text + ": a header is one line");
        request_.headers.emplace_back(name.text, trimmed);
      }
    }
  }

  void read_body() {
    const Value* value = map_.optional("body");
    const Value* text = map_.optional("body_text");
    const Value* file = map_.optional("body_file");
    if (value != nullptr) request_.body = json_text(*value);
    if (text != nullptr) map_.text("body_text", request_.body);
    if (file != nullptr) read_body_file(*file);
    for (const Value* second : {file, text}) {
      if (second == nullptr || (value != nullptr) + (text != nullptr) + (file != nullptr) < 2) continue;
      findings_.error(second->at, "bad-body", "give one of body, body_text and body_file");
      return;
    }
  }

  void read_body_file(const Value& value) {
    const auto path = read_text(value, "body_file", findings_);
    if (!path) return;
    auto body = read_file(resolve_path(value.at.file, *path));
    if (body) {
      request_.body = *std::move(body);
    } else {
      findings_.error(value.at, "unreadable-body", "body_file: " + body.error().message);
    }
  }

  void read_source() {
    request_.source = *parse_ip("127.0.0.1");
    const Value* value = map_.optional("source");
    if (value == nullptr) return;
    const auto text = read_text(*value, "source", findings_);
    if (!text) return;
    const auto source = parse_ip(*text);
    if (source) {
      request_.source = *source;
    } else {
      findings_.error(value->at, "bad-source", "source: expected an IP address, got " + quoted(*text));
    }
  }

  void read_time() {
    request_.at = *parse_rfc3339(kTimeOfTests);
    const Value* value = map_.optional("at");
    if (value == nullptr) return;
    const auto text = read_text(*value, "at", findings_);
    if (!text) return;
    const auto at = parse_rfc3339(*text);
    if (at) {
      request_.at = *at;
    } else {
      findings_.error(value->at, "bad-time",
                      "at: expected a time such as 2026-01-31T12:00:00Z, got " + quoted(*text));
    }
  }

  void report_lost(const Value& path, const std::string& target) {
    std::vector<std::string> known;
    for (const ApiConfig& api : context_.config.apis) known.push_back(api.name);
    const std::string prefix = target.substr(1, target.find_first_of("/?", 1) - 1);
    std::string hint = suggestion(prefix, known);
    if (hint.empty()) {
      for (const std::string& name : known) hint += (hint.empty() ? ", known: " : ", ") + name;
    }
    findings_.error(path.at, "unknown-api",
                    "path: it starts with the API's name, and " + quoted(prefix) + " is none" + hint);
  }

  MapReader map_;
  const TestContext& context_;
  Findings& findings_;
  ReviewRequest request_;
};

}  // namespace

ReviewRequest read_test_request(const Value& value, const TestContext& context, bool may_be_lost,
                                Findings& findings) {
  return TestRequestReader(value, context, findings).read(may_be_lost);
}

}  // namespace sluice
