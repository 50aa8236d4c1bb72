// What `sluice diff` prints: JSON for machines, text for a terminal, Markdown for a pull request.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/text_check.h"
#include "policy/review/diff.h"
#include "policy/review/diff_instants.h"
#include "policy/review/explain.h"

namespace sluice {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson body_json(const std::string& body) {
  if (body.empty()) return nullptr;
  OrderedJson json = OrderedJson::parse(body, nullptr, false);
  return json.is_discarded() ? OrderedJson(body) : json;
}

// A list where a name repeats.
OrderedJson headers_json(const ReviewRequest& request) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, value] : request.headers) {
    if (!json.contains(name)) {
      json[name] = value;
    } else if (json[name].is_array()) {
      json[name].push_back(value);
    } else {
      json[name] = OrderedJson::array({json[name], value});
    }
  }
  return json;
}

OrderedJson example_json(const DiffExample& example) {
  const ReviewRequest& request = example.request;
  OrderedJson json{{"method", request.method},
                   {"path", example.path},
                   {"query", request.query},
                   {"headers", headers_json(request)},
                   {"body", body_json(request.body)}};
  if (request.body == "null") json["body_text"] = request.body;  // a body all the same
  if (example.source_matters) json["source"] = to_text(request.source);
  if (example.time_matters) json["at"] = rfc3339_text(request.at);
  return json;
}

std::string join(const std::vector<std::string>& names, const char* none) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? none : text;
}

std::string example_line(const DiffExample& example) {
  const ReviewRequest& request = example.request;
  std::string line = request.method + " " + example.path;
  if (!request.query.empty()) line += "?" + request.query;
  for (const auto& [name, value] : request.headers) line.append("  ").append(name).append(": ").append(value);
  if (!request.body.empty()) line += "  " + request.body;
  if (example.source_matters) line += "  from " + to_text(request.source);
  if (example.time_matters) line += "  at " + rfc3339_text(request.at);
  return printable(line);
}

// What a reviewer must not overlook.

std::string decided_by(Outcome outcome, const std::vector<std::string>& rules) {
  std::string text(to_text(outcome));
  if (!rules.empty()) return text + " by " + join(rules, "");
  return outcome == Outcome::kDeny ? text + ", no rule allows it" : text;
}

std::string count_line(const DiffReport& report) {
  std::string line = std::to_string(report.count(Direction::kWidened)) + " widened, " +
                     std::to_string(report.count(Direction::kNarrowed)) + " narrowed";
  if (const size_t unknown = report.count(Direction::kUnknown))
    line += ", " + std::to_string(unknown) + " unknown";
  return line;
}

// Code that nothing inside can end, and that no table takes apart. Line breaks are gone already.
std::string code(const std::string& text) {
  size_t longest = 0, run = 0;
  std::string inside;
  for (char c : printable(text)) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
    if (c == '|') inside += '\\';
    inside += c;
  }
  const std::string fence(longest + 1, '`');
  const bool padded = inside.empty() || inside.front() == '`' || inside.back() == '`';
  return fence + (padded ? " " : "") + inside + (padded ? " " : "") + fence;
}

std::string code_list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + code(name);
  return text.empty() ? "none" : text;
}

void append_markdown_rows(const DiffReport& report, Direction direction, const char* title,
                          std::string& out) {
  if (report.count(direction) == 0) return;
  out += std::string("\n### ") + title +
         "\n\n| client | operation | before | after | example |\n|---|---|---|---|---|\n";
  for (const DiffChange& change : report.changes) {
    if (change.direction != direction) continue;
    out += "| " + code(change.client) + " | " + code(change.operation);
    for (const std::string& mark : marks_of(change)) out += " **" + mark + "**";
    if (change.has_example) {
      out += " | " + std::string(to_text(change.before)) + ": " + code_list(change.rules_before) + " | " +
             std::string(to_text(change.after)) + ": " + code_list(change.rules_after) + " | " +
             code(example_line(change.example)) + " |\n";
    } else {
      out += " | | | " + change.why + " |\n";
    }
  }
}

}  // namespace

std::string to_json(const DiffReport& report) {
  OrderedJson changes = OrderedJson::array();
  for (const DiffChange& change : report.changes) {
    OrderedJson json{
        {"client", change.client}, {"operation", change.operation}, {"direction", to_text(change.direction)}};
    json["before"] = change.has_example ? OrderedJson(to_text(change.before)) : OrderedJson();
    json["after"] = change.has_example ? OrderedJson(to_text(change.after)) : OrderedJson();
    json["rules_before"] = change.rules_before;
    json["rules_after"] = change.rules_after;
    json["example"] = change.has_example ? example_json(change.example) : OrderedJson();
    if (change.direction == Direction::kUnknown) json["why"] = change.why;
    changes.push_back(std::move(json));
  }
  const OrderedJson json{{"changes", std::move(changes)},
                         {"widened", report.count(Direction::kWidened)},
                         {"narrowed", report.count(Direction::kNarrowed)},
                         {"unknown", report.count(Direction::kUnknown)}};
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string to_text(const DiffReport& report) {
  if (report.changes.empty()) return "no request is decided differently\n";
  std::string out;
  for (const DiffChange& change : report.changes) {
    out += std::string(to_text(change.direction)) + "  " + change.client + "  " + change.operation;
    const std::vector<std::string> marked = marks_of(change);
    if (!marked.empty()) out += "  [" + join(marked, "") + "]";
    out += "\n";
    if (!change.why.empty()) out += "  cannot be decided: " + change.why + "\n";
    if (!change.has_example) continue;
    out += "  before: " + decided_by(change.before, change.rules_before) +
           "\n  after:  " + decided_by(change.after, change.rules_after) +
           "\n  e.g.:   " + example_line(change.example) + "\n";
  }
  return out + count_line(report) + "\n";
}

std::string to_markdown(const DiffReport& report) {
  if (report.changes.empty()) return "**Policy change:** no request is decided differently.\n";
  std::string out = "**Policy change:** " + count_line(report) + ".\n";
  append_markdown_rows(report, Direction::kWidened, "Widened", out);
  append_markdown_rows(report, Direction::kUnknown, "Unknown: count it as widened", out);
  append_markdown_rows(report, Direction::kNarrowed, "Narrowed", out);
  return out;
}

}  // namespace sluice
