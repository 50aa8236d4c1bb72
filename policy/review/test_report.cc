#include "policy/review/test_report.h"

#include <nlohmann/json.hpp>

#include "config/text_check.h"
#include "policy/review/findings_json.h"
#include "policy/review/xml_text.h"

namespace sluice {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string place_text(const Position& at) {
  if (at.line == 0) return at.file;
  return at.file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

// "expected deny, got allow; rules: expected [a], got []".
std::string differences_text(const TestResult& result) {
  std::string text;
  for (const TestResult::Difference& difference : result.differences) {
    text += text.empty() ? "" : "; ";
    if (difference.what != "decision") text += difference.what + ": ";
    text += "expected " + difference.expected + ", got " + difference.got;
  }
  return text;
}

OrderedJson result_json(const TestResult& result) {
  OrderedJson json{{"file", result.at.file},        {"line", result.at.line},
                   {"column", result.at.column},    {"name", result.name},
                   {"passed", result.passed()},     {"decision", to_text(result.explanation.outcome)},
                   {"rules", OrderedJson::array()}, {"operations", result.explanation.operations}};
  for (const RuleExplanation& rule : result.explanation.rules) {
    if (rule.decides) json["rules"].push_back(rule.id);
  }
  if (result.passed()) return json;
  json["differences"] = OrderedJson::array();
  for (const TestResult::Difference& difference : result.differences) {
    json["differences"].push_back(
        {{"what", difference.what}, {"expected", difference.expected}, {"got", difference.got}});
  }
  json["why"] = result.why;
  return json;
}

OrderedJson coverage_json(const TestCoverage& coverage) {
  OrderedJson rules = OrderedJson::array();
  for (const TestCoverage::UnmatchedRule& rule : coverage.unmatched_rules()) {
    rules.push_back({{"id", rule.id}, {"file", rule.at.file}, {"line", rule.at.line}});
  }
  return {{"unmatched_rules", rules}, {"untouched_operations", coverage.untouched_operations()}};
}

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + xml_escaped(value) + "\"";
}

std::string counts(size_t tests, size_t failures, size_t errors) {
  return attribute("tests", std::to_string(tests)) + attribute("failures", std::to_string(failures)) +
         attribute("errors", std::to_string(errors));
}

// A `testcase` with what is wrong with it: `kind` is failure or error.
std::string case_xml(const Position& at, std::string_view name, std::string_view kind,
                     std::string_view message, std::string_view text) {
  std::string xml = "    <testcase" + attribute("classname", at.file) + attribute("name", name) +
                    attribute("file", at.file) + attribute("line", std::to_string(at.line));
  if (kind.empty()) return xml + "/>\n";
  return xml + "><" + std::string(kind) + attribute("message", message) + ">" + xml_escaped(text) + "</" +
         std::string(kind) + "></testcase>\n";
}

std::string suite_xml(const TestReport::File& file) {
  std::string cases;
  size_t failures = 0;
  for (const TestResult& result : file.results) {
    if (!result.passed()) ++failures;
    cases += case_xml(result.at, result.name, result.passed() ? "" : "failure", differences_text(result),
                      place_text(result.at) + ": " + result.why);
  }
  return "  <testsuite" + attribute("name", file.file) + counts(file.results.size(), failures, 0) + ">\n" +
         cases + "  </testsuite>\n";
}

std::string findings_xml(const Findings& findings) {
  if (findings.all().empty()) return "";
  std::string cases;
  for (const Finding& finding : findings.all()) {
    cases += case_xml(finding.at, place_text(finding.at) + ": " + finding.rule, "error", finding.message,
                      to_text(finding));
  }
  const size_t count = findings.all().size();
  return "  <testsuite" + attribute("name", "files that cannot be used") + counts(count, 0, count) + ">\n" +
         cases + "  </testsuite>\n";
}

}  // namespace

size_t TestReport::passed() const {
  size_t count = 0;
  for (const File& file : files) {
    for (const TestResult& result : file.results) count += result.passed() ? 1 : 0;
  }
  return count;
}

size_t TestReport::failed() const {
  size_t count = 0;
  for (const File& file : files) count += file.results.size();
  return count - passed();
}

std::string coverage_text(const TestReport& report) {
  if (!report.coverage) return "";
  const auto rules = report.coverage->unmatched_rules();
  const auto operations = report.coverage->untouched_operations();
  const auto title = [](const std::string& what, size_t missed, size_t all) {
    return what + " (" + std::to_string(missed) + " of " + std::to_string(all) + ")" +
           (missed > 0 ? ":\n" : "\n");
  };
  std::string text = title("rules that no test made match", rules.size(), report.coverage->rules());
  for (const TestCoverage::UnmatchedRule& rule : rules)
    text += "  " + rule.id + " (" + printable(rule.at.file) + ":" + std::to_string(rule.at.line) + ")\n";
  text += title("operations that no test touched", operations.size(), report.coverage->operations());
  for (const std::string& operation : operations) text += "  " + operation + "\n";
  return text;
}

std::string to_text(const TestReport& report) {
  std::string text;
  for (const TestReport::File& file : report.files) {
    for (const TestResult& result : file.results) {
      if (result.passed()) continue;
      std::string line = place_text(result.at) + ": failed: " + result.name + ": " + differences_text(result);
      if (!result.why.empty()) line += ": " + result.why;
      text += printable(line) + "\n";
    }
  }
  return text + coverage_text(report) + std::to_string(report.passed()) + " passed, " +
         std::to_string(report.failed()) + " failed\n";
}

std::string to_json(const TestReport& report) {
  OrderedJson json{{"passed", report.passed()}, {"failed", report.failed()}, {"tests", OrderedJson::array()}};
  for (const TestReport::File& file : report.files) {
    for (const TestResult& result : file.results) json["tests"].push_back(result_json(result));
  }
  if (report.coverage) json["coverage"] = coverage_json(*report.coverage);
  json["findings"] = findings_json(report.findings);
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string to_junit(const TestReport& report) {
  const size_t errors = report.findings.all().size();
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
                    attribute("name", "sluice test") +
                    counts(report.passed() + report.failed() + errors, report.failed(), errors) + ">\n";
  for (const TestReport::File& file : report.files) xml += suite_xml(file);
  return xml + findings_xml(report.findings) + "</testsuites>\n";
}

}  // namespace sluice
