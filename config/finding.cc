#include "config/finding.h"

#include <algorithm>
#include <tuple>

#include "config/text_check.h"

namespace sluice {
namespace {

constexpr size_t kLongestStart = 3000, kLongestEnd = 1000;

// A name of ten megabytes is quoted by its beginning; what a message says behind it stays.
std::string shortened(std::string message) {
  if (message.size() <= kLongestStart + kLongestEnd) return message;
  const auto is_inside = [&message](size_t place) {
    return (static_cast<unsigned char>(message[place]) & 0xc0U) == 0x80U;
  };
  size_t start = kLongestStart, end = message.size() - kLongestEnd;
  while (start > 0 && is_inside(start)) --start;
  while (end < message.size() && is_inside(end)) ++end;
  return message.replace(start, end - start, " ... ");
}

}  // namespace

void Findings::error(const Position& at, std::string_view rule, std::string message) {
  add({at, Severity::kError, std::string(rule), std::move(message)});
}

void Findings::warning(const Position& at, std::string_view rule, std::string message) {
  add({at, Severity::kWarning, std::string(rule), std::move(message)});
}

void Findings::note(const Position& at, std::string_view rule, std::string message) {
  add({at, Severity::kNote, std::string(rule), std::move(message)});
}

void Findings::add(const Findings& others) {
  for (const Finding& finding : others.findings_) add(finding);
  has_errors_ = has_errors_ || others.has_errors_;
}

void Findings::add(Finding finding) {
  if (finding.severity == Severity::kError) has_errors_ = true;
  if (is_full()) return;
  if (findings_.size() == kMostFindings) {
    finding = {{finding.at.file, 0, 0},
               Severity::kNote,
               "too-many-findings",
               "more than " + std::to_string(kMostFindings) + " findings: correct these, then check again"};
  }
  finding.message = shortened(std::move(finding.message));
  findings_.push_back(std::move(finding));
}

void Findings::sort() {
  std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& left, const Finding& right) {
    return std::tie(left.at.file, left.at.line, left.at.column) <
           std::tie(right.at.file, right.at.line, right.at.column);
  });
}

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::kError: return "error";
    case Severity::kWarning: return "warning";
    case Severity::kNote: return "note";
  }
  return "";
}

std::string to_text(const Finding& finding) {
  std::string out = printable(finding.at.file);
  if (finding.at.line > 0) {
    out += ":" + std::to_string(finding.at.line) + ":" + std::to_string(finding.at.column);
  }
  return out + ": " + std::string(to_text(finding.severity)) + ": " + printable(finding.message);
}

}  // namespace sluice
