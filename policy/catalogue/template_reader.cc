#include "policy/catalogue/template_reader.h"

#include <algorithm>

#include "config/ascii.h"
#include "policy/path.h"
#include "policy/unicode.h"

namespace sluice {
namespace {

bool is_parameter_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; });
}

bool has_parameter(const std::vector<PathSegment>& segments, std::string_view name) {
  return std::any_of(segments.begin(), segments.end(), [name](const PathSegment& segment) {
    return segment.parameter && segment.text == name;
  });
}

// Why a literal cannot stand in a template, or "".
std::string refuse_literal(std::string_view literal) {
  if (literal.find_first_of("{}") != std::string_view::npos) return "braces have to enclose a whole segment";
  if (literal.find('*') != std::string_view::npos) return "a * stands for itself here, use {name}";
  if (literal.find('%') != std::string_view::npos) return "write literals decoded, without %";
  const std::string path = "/" + std::string(literal);
  const Result<DecodedPath> decoded = decode_path(path, false);
  return decoded ? "" : decoded.error().message;
}

// The segment, or the reason against it.
Result<PathSegment> read_segment(std::string_view text, TemplateKind kind, bool fold) {
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}') {
    const std::string_view name = text.substr(1, text.size() - 2);
    if (kind == TemplateKind::kBase) return Error{"a base path has no parameters"};
    if (!is_parameter_name(name)) return Error{"a parameter's name is letters, digits, _ and -"};
    return PathSegment{true, std::string(name)};
  }
  if (std::string refusal = refuse_literal(text); !refusal.empty()) return Error{std::move(refusal)};
  return PathSegment{false, fold ? fold_case(text).value_or(std::string(text)) : std::string(text)};
}

}  // namespace

std::vector<PathSegment> read_path_template(const std::string& text, const Value& at, TemplateKind kind,
                                            bool fold, Findings& findings) {
  const auto fail = [&](const std::string& why) {
    findings.error(at.at, "bad-path", "path \"" + text + "\": " + why);
    return std::vector<PathSegment>();
  };
  if (text.empty() && kind == TemplateKind::kBase) return {};
  if (text.empty() || text.front() != '/') return fail("it has to start with /");
  std::vector<PathSegment> segments;
  std::string_view rest = text;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment_text = rest.substr(0, end);
    rest.remove_prefix(end);
    if (segment_text.empty() && (!rest.empty() || kind == TemplateKind::kBase))
      return fail("a segment is empty");
    Result<PathSegment> segment = read_segment(segment_text, kind, fold);
    if (!segment) return fail(segment.error().message);
    if (segment->parameter && has_parameter(segments, segment->text)) {
      return fail("parameter {" + segment->text + "} stands twice");
    }
    segments.push_back(std::move(*segment));
  }
  return segments;
}

}  // namespace sluice
