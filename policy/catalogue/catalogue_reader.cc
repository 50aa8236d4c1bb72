// Reads catalogue files: load_catalogue() of catalogue.h.
#include <algorithm>
#include <set>

#include "config/ascii.h"
#include "config/map_reader.h"
#include "config/yaml_reader.h"
#include "policy/catalogue/catalogue.h"
#include "policy/catalogue/schema_reader.h"
#include "policy/catalogue/template_reader.h"
#include "policy/json_view.h"
#include "policy/methods.h"
#include "policy/path.h"

namespace sluice {
namespace {

constexpr std::string_view kIdCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-";

// Dotted segments of [a-z0-9-]+, so that policy patterns have one meaning.
bool is_operation_id(std::string_view id) {
  while (true) {
    const size_t dot = id.find('.');
    const std::string_view segment = id.substr(0, dot);
    if (segment.empty() || segment.find_first_not_of(kIdCharacters) != std::string_view::npos) return false;
    if (dot == std::string_view::npos) return true;
    id.remove_prefix(dot + 1);
  }
}

// Reads one file, or a file and the built-in one that it extends, into one Catalogue.
class CatalogueReader {
 public:
  CatalogueReader(const std::string& api_name, Findings& findings) : findings_(findings) {
    catalogue_.api = api_name;
  }

  void read(const Value& document) {
    MapReader map(document, "a catalogue", findings_);
    if (!map.is_map()) return;
    if (const Value* extends = map.optional("extends")) {
      read_extended(*extends);
    } else {
      read_api(map);
    }
    // `api` says which API the file is about; the configuration's name for it prefixes the operations.
    std::string api;
    map.text("api", api);
    if (const Value* operations = map.required("operations")) read_operations(*operations);
    map.finish();
  }

  Catalogue& catalogue() { return catalogue_; }

 private:
  void read_extended(const Value& extends) {
    const std::optional<std::string> name = read_text(extends, "extends", findings_);
    if (!name) return;
    const std::string_view text = built_in_catalogue(*name);
    if (text.empty()) {
      const std::vector<std::string> known = built_in_catalogue_names();
      std::string list;
      for (const std::string& each : known) list += (list.empty() ? "" : ", ") + each;
      findings_.error(extends.at, "unknown-catalogue",
                      "extends names \"" + *name + "\", expected one of: " + list + suggestion(*name, known));
      return;
    }
    if (const std::optional<Value> base = read_yaml(text, *name + ".yaml (built in)", findings_)) read(*base);
    extended_ = *name + ".";
  }

  // All that is the API's own and not an operation's.
  void read_api(MapReader& map) {
    map.required("api");
    if (const Value* credential = map.required("credential")) read_credential(*credential);
    if (const Value* limit = map.optional("limit")) read_limit(*limit);
    map.boolean("case_insensitive", catalogue_.case_insensitive);
    if (const Value* base = map.optional("base_path")) {
      map.text("base_path", catalogue_.base_path);
      base_ = read_path_template(catalogue_.base_path, *base, TemplateKind::kBase, fold(), findings_);
    }
  }

  void read_credential(const Value& value) {
    MapReader map(value, "credential", findings_);
    if (!map.is_map()) return;
    const Value* header = map.required("header");
    const Value* form = map.required("value");
    map.text("header", catalogue_.credential_header);
    map.text("value", catalogue_.credential_value);
    map.finish();
    if (header != nullptr && header->is_scalar() && !is_token(catalogue_.credential_header)) {
      findings_.error(header->at, "bad-header", "credential.header is not a header name");
    }
    if (form != nullptr && form->is_scalar()) check_credential_form(*form);
  }

  void check_credential_form(const Value& at) {
    const std::string& form = catalogue_.credential_value;
    size_t keys = 0;
    for (const std::string_view placeholder : {"{key}", "{base64:key}"}) {
      for (size_t i = form.find(placeholder); i != std::string::npos; i = form.find(placeholder, i + 1))
        ++keys;
    }
    const bool printable =
        std::all_of(form.begin(), form.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
    if (keys != 1 || !printable) {
      findings_.error(at.at, "bad-credential",
                      "credential.value has to hold {key} or {base64:key} once, and printable ASCII only");
    }
  }

  void read_limit(const Value& value) {
    MapReader map(value, "limit", findings_);
    if (!map.is_map()) return;
    map.number("rate", catalogue_.limit.rate);
    map.number("burst", catalogue_.limit.burst);
    map.finish();
    if (!(catalogue_.limit.rate > 0))
      findings_.error(value.at, "out-of-range", "limit.rate has to be more than 0");
    if (!(catalogue_.limit.burst >= 1))
      findings_.error(value.at, "out-of-range", "limit.burst has to be 1 or more");
  }

  void read_operations(const Value& value) {
    if (!value.is_list()) {
      findings_.error(value.at, "wrong-type", "operations has to be a list");
      return;
    }
    for (const Value& item : value.items) read_operation(item);
  }

  void read_operation(const Value& value) {
    MapReader map(value, "an operation", findings_);
    if (!map.is_map()) return;
    Operation operation;
    read_id(map, operation);
    read_method_and_access(map, operation);
    if (const Value* path = map.required("path")) {
      map.text("path", operation.path);
      if (path->is_scalar()) read_path(*path, operation);
    }
    map.texts("tags", operation.tags);
    if (const Value* tags = map.optional("tags")) check_tags(*tags, operation.tags, findings_);
    if (const Value* body = map.optional("body")) {
      operation.body = read_body_schema(*body, fold(), findings_);
      operation.body_required = !operation.body->required.empty();
    }
    read_body_required(map, operation);
    map.texts("query", operation.query);
    read_targets(map, operation);
    operation.source = "inferred";  // whoever does not say where it is from may be guessing
    map.choice<std::string>("source", {{"seed", "seed"}, {"public", "public"}, {"inferred", "inferred"}},
                            operation.source);
    map.finish();
    check_route(value, operation);
    catalogue_.operations.push_back(std::move(operation));
  }

  void read_id(MapReader& map, Operation& operation) {
    const Value* value = map.required("id");
    std::string id;
    map.text("id", id);
    if (value == nullptr || !value->is_scalar()) return;
    if (!is_operation_id(id)) {
      findings_.error(
          value->at, "bad-id",
          "id \"" + id + "\" has to be dotted segments of lower-case letters, digits and hyphens");
    } else if (id == "unknown") {
      findings_.error(value->at, "bad-id",
                      "id \"unknown\" is what requests are called that fit no operation");
    } else if (!extended_.empty() && id.starts_with(extended_)) {
      findings_.error(value->at, "bad-id",
                      "id \"" + id + "\" begins with the API's name, which is put in front: write \"" +
                          id.substr(extended_.size()) + "\"");
    } else if (!ids_.insert(id).second) {
      findings_.error(value->at, "duplicate-id", "operation \"" + id + "\" is defined twice");
    }
    operation.id = catalogue_.api + "." + id;
  }

  void read_method_and_access(MapReader& map, Operation& operation) {
    const Value* method = map.required("method");
    map.text("method", operation.method);
    if (method != nullptr && method->is_scalar() &&
        standing_of(operation.method) != MethodStanding::kServed) {
      findings_.error(method->at, "bad-method",
                      "method has to be one that the gate serves, in capitals, such as GET or POST");
    }
    operation.access =
        operation.method == "GET" || operation.method == "HEAD" ? Access::kRead : Access::kWrite;
    map.choice("access", {{"read", Access::kRead}, {"write", Access::kWrite}}, operation.access);
  }

  void read_path(const Value& at, Operation& operation) {
    operation.segments = base_;
    const std::vector<PathSegment> own =
        read_path_template(operation.path, at, TemplateKind::kOperation, fold(), findings_);
    operation.segments.insert(operation.segments.end(), own.begin(), own.end());
  }

  void read_body_required(MapReader& map, Operation& operation) {
    const Value* at = map.optional("body_required");
    if (at == nullptr) return;
    map.boolean("body_required", operation.body_required);
    if (!operation.body) {
      findings_.error(at->at, "no-body", "body_required stands only beside body");
    } else if (!operation.body_required && !operation.body->required.empty()) {
      findings_.error(at->at, "no-body", "body_required cannot be false: the body has required members");
    }
  }

  void read_targets(MapReader& map, Operation& operation) {
    map.texts("targets", operation.targets);
    const Value* at = map.optional("targets");
    if (at == nullptr) return;
    if (!operation.body)
      findings_.error(at->at, "no-body", "targets point into the body: describe it in body");
    for (const std::string& target : operation.targets) {
      const Result<JsonPointer> pointer = JsonPointer::parse(target, fold());
      if (!pointer)
        findings_.error(at->at, "bad-pointer", "targets: \"" + target + "\": " + pointer.error().message);
    }
  }

  // Two operations of one method and path would be one request with two names. Parameters' names do not tell
  // apart.
  void check_route(const Value& value, const Operation& operation) {
    if (operation.segments.empty()) return;
    std::string route = operation.method;
    for (const PathSegment& segment : operation.segments)
      route += segment.parameter ? "/{}" : "/" + segment.text;
    if (!routes_.insert(route).second) {
      findings_.error(value.at, "duplicate-route",
                      operation.method + " " + operation.path + " is an operation already, under another id");
    }
  }

  bool fold() const { return catalogue_.case_insensitive; }

  Findings& findings_;
  std::string extended_;  // "push.": of what is extended, once that has been read
  Catalogue catalogue_;
  std::vector<PathSegment> base_;
  std::set<std::string> ids_;
  std::set<std::string> routes_;
};

}  // namespace

std::optional<Catalogue> load_catalogue(const std::string& reference, const std::string& api_name,
                                        const Position& at, Findings& findings) {
  std::optional<Value> document;
  Findings own;
  if (const std::string_view text = built_in_catalogue(reference); !text.empty()) {
    document = read_yaml(text, reference + ".yaml (built in)", own);
  } else if (const Result<std::string> content = read_file(reference)) {
    document = read_yaml(*content, reference, own);
  } else {
    const std::vector<std::string> known = built_in_catalogue_names();
    own.error(at, "unreadable-catalogue",
              "catalogue is neither built in nor a readable file: " + content.error().message +
                  suggestion(reference, known));
  }
  CatalogueReader reader(api_name, own);
  if (document) reader.read(*document);
  for (const Finding& finding : own.all()) {
    if (finding.severity == Severity::kError) {
      findings.error(finding.at, finding.rule, finding.message);
    } else {
      findings.warning(finding.at, finding.rule, finding.message);
    }
  }
  if (!document || own.has_errors()) return std::nullopt;
  return std::move(reader.catalogue());
}

}  // namespace sluice
