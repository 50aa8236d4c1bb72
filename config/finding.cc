#include "config/finding.h"

#include <algorithm>
#include <tuple>

#include "config/ascii.h"

namespace sluice {
namespace {

// A hostile file can put any octet into a key, and keys are quoted in messages: none may reach a terminal
// raw.
void append_printable(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (char c : text) {
    auto octet = static_cast<unsigned char>(c);
    if (octet >= 0x20 && octet != 0x7f) {
      out += c;
      continue;
    }
    out += "\\x";
    out += kHex[octet >> 4];
    out += kHex[octet & 15];
  }
}

}  // namespace

void Findings::error(const Position& at, std::string_view rule, std::string message) {
  findings_.push_back({at, Severity::kError, std::string(rule), std::move(message)});
}

void Findings::warning(const Position& at, std::string_view rule, std::string message) {
  findings_.push_back({at, Severity::kWarning, std::string(rule), std::move(message)});
}

void Findings::note(const Position& at, std::string_view rule, std::string message) {
  findings_.push_back({at, Severity::kNote, std::string(rule), std::move(message)});
}

void Findings::add(const Findings& others) {
  findings_.insert(findings_.end(), others.findings_.begin(), others.findings_.end());
}

bool Findings::has_errors() const {
  return std::any_of(findings_.begin(), findings_.end(),
                     [](const Finding& finding) { return finding.severity == Severity::kError; });
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
  std::string out;
  append_printable(out, finding.at.file);
  if (finding.at.line > 0) {
    out += ":" + std::to_string(finding.at.line) + ":" + std::to_string(finding.at.column);
  }
  out += ": " + std::string(to_text(finding.severity)) + ": ";
  append_printable(out, finding.message);
  return out;
}

}  // namespace sluice
