// Findings: what is wrong in the files that people write. All of a file's findings are collected in one run.
// Printed as FILE:LINE:COLUMN: error: message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// Line and column count from 1; 0 means that the file as a whole is meant.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
};

// Of a warning the author should change something; a note is good to know, and may well be meant.
enum class Severity { kError, kWarning, kNote };
std::string_view to_text(Severity severity);  // error, warning, note

struct Finding {
  Position at;
  Severity severity = Severity::kError;
  std::string rule;  // kebab-case name of the check, such as "unknown-key": stable, for machines
  std::string message;
};

// Bounded, whatever the file: of more than kMostFindings the rest is left out, which the last one says.
class Findings {
 public:
  static constexpr size_t kMostFindings = 10'000;

  void error(const Position& at, std::string_view rule, std::string message);
  void warning(const Position& at, std::string_view rule, std::string message);
  void note(const Position& at, std::string_view rule, std::string message);
  void add(const Findings& others);

  bool has_errors() const { return has_errors_; }  // also of those left out
  bool is_full() const { return findings_.size() > kMostFindings; }
  const std::vector<Finding>& all() const { return findings_; }
  // Orders by file, line and column, keeping the order of equal positions.
  void sort();

 private:
  void add(Finding finding);

  std::vector<Finding> findings_;
  bool has_errors_ = false;
};

// "FILE:LINE:COLUMN: error: message", without a final newline.
std::string to_text(const Finding& finding);

}  // namespace sluice
