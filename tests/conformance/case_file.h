// case_file: reads the *.case files of this folder; README.md describes them. What is wrong with a file is
// thrown as std::runtime_error with its line.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/octets.h"

namespace sluice {

// What one side sends.
struct Script {
  std::string octets;
  enum class End { kStays, kEnds, kResets } end = End::kStays;
  bool early = false;  // a vendor that does not wait for the request's body
};

// What one side has got, message by message, and what became of its connection.
struct Side {
  std::vector<std::string> messages;
  std::string state;
  size_t whole = 0;  // messages of the vendor's side that were finished
  bool operator==(const Side& other) const { return messages == other.messages && state == other.state; }
};

struct Verdict {
  Side client, vendor;
  std::string trouble;  // of the gate itself: something stays, or the next client is harmed
  bool operator==(const Verdict&) const = default;
};

struct Case {
  std::string name, place;  // file:line
  Script client;
  std::vector<Script> answers;  // to the vendor's first, second, ... request
  bool client_given = false;
  Verdict expected;
};

// One line of a case: ">" the client sends, ">>" reaches the vendor, "<<" the vendor answers, "<" the client
// gets.
struct Line {
  std::string kind, text;
};

inline Script read_script(std::string text) {
  Script script;
  const auto take = [&text](std::string_view mark, bool at_start) {
    if (at_start ? !text.starts_with(mark) : !text.ends_with(mark)) return false;
    text.erase(at_start ? 0 : text.size() - mark.size(), mark.size());
    return true;
  };
  script.early = take("{early}", true);
  if (take("{end}", false)) script.end = Script::End::kEnds;
  if (take("{reset}", false)) script.end = Script::End::kResets;
  script.octets = unescape(text);
  return script;
}

// "MESSAGE", "MESSAGE STATE" or "STATE".
inline void read_expectation(std::string text, const std::set<std::string>& states, Side& side) {
  const size_t space = text.rfind(' ');
  const std::string last = space == std::string::npos ? text : text.substr(space + 1);
  if (states.contains(last)) {
    side.state = last;
    text.resize(space == std::string::npos ? 0 : space);
  }
  if (!text.empty() && text != "nothing") side.messages.push_back(unescape(text));
}

inline Case make_case(const std::string& name, const std::vector<Line>& lines) {
  Case made;
  made.name = name;
  bool client_expected = false;
  for (const Line& line : lines) {
    if (line.kind == ">") {
      const Script more = read_script(line.text);
      if (made.client.end != Script::End::kStays) throw std::runtime_error("octets after the end");
      made.client.octets += more.octets;
      made.client.end = more.end;
      made.client_given = true;
    } else if (line.kind == "<<") {
      made.answers.push_back(read_script(line.text));
    } else if (line.kind == "<") {
      read_expectation(line.text, {"open", "closed", "cut"}, made.expected.client);
      client_expected = true;
    } else {
      read_expectation(line.text, {"kept", "closed", "unfinished"}, made.expected.vendor);
    }
  }
  if (!client_expected) throw std::runtime_error("the case does not say what the client gets");
  if (!made.client_given) made.client.octets = names().at("get") + "\r\n";
  if (!made.answers.empty() && !made.client_given && made.expected.vendor.messages.empty())
    made.expected.vendor.messages.push_back(names().at("GET") + "\r\n");
  if (made.expected.client.state.empty()) made.expected.client.state = "open";
  if (made.expected.vendor.state.empty())
    made.expected.vendor.state = made.expected.vendor.messages.empty() ? "unused" : "kept";
  return made;
}

// Reads one file. What is wrong with it is thrown with its line.
class CaseFile {
 public:
  explicit CaseFile(const std::filesystem::path& path) : name_(path.filename().string()) {
    std::ifstream in(path);
    std::string line;
    while (std::getline(in, line)) {
      ++number_;
      guarded(number_, [this, &line] { take(line); });
    }
    finish_case();
    if (cases_.empty()) throw std::runtime_error(name_ + ": no case");
  }

  const std::vector<Case>& cases() const { return cases_; }

 private:
  template <typename Action>
  void guarded(int number, const Action& action) {
    try {
      action();
    } catch (const std::exception& error) {
      if (std::string_view(error.what()).starts_with(name_)) throw;  // a case is read at the next one's line
      throw std::runtime_error(name_ + ":" + std::to_string(number) + ": " + error.what());
    }
  }

  void take(std::string line) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty() || line[0] == '#') return;
    if (line.starts_with("each ")) {
      finish_case();
      if (!in_template_) template_.clear();
      in_template_ = true;
      return template_.push_back(read_line(line.substr(5)));
    }
    if (line[0] == ' ') {
      if (case_name_.empty()) throw std::runtime_error("a line without a case");
      return own_.push_back(read_line(line.substr(line.find_first_not_of(' '))));
    }
    finish_case();
    in_template_ = false;
    const size_t bar = (line + ' ').find(" | ");
    has_filling_ = bar != std::string::npos;
    case_name_ = line.substr(0, bar);
    filling_ = has_filling_ && bar + 3 < line.size() ? line.substr(bar + 3) : std::string();
    case_line_ = number_;
    if (!seen_.insert(case_name_).second) throw std::runtime_error("a second case of this name");
  }

  static Line read_line(const std::string& text) {
    const size_t space = text.find(' ');
    const std::string kind = text.substr(0, space);
    if (kind != ">" && kind != ">>" && kind != "<<" && kind != "<") {
      throw std::runtime_error("a line begins with >, >>, << or <");
    }
    return {kind, space == std::string::npos ? std::string() : text.substr(space + 1)};
  }

  void finish_case() {
    if (case_name_.empty()) return;
    guarded(case_line_, [this] {
      bool filled = false;
      std::vector<Line> lines = own_;
      for (Line line : template_) {
        const auto same = [&line](const Line& own) { return own.kind == line.kind; };
        if (std::any_of(own_.begin(), own_.end(), same)) continue;
        for (size_t hole = line.text.find("{}"); hole != std::string::npos; hole = line.text.find("{}")) {
          line.text.replace(hole, 2, filling_);
          filled = true;
        }
        lines.push_back(line);
      }
      if (filled != has_filling_)
        throw std::runtime_error(filled ? "no filling for {}" : "no {} for the filling");
      cases_.push_back(make_case(case_name_, lines));
      cases_.back().place = name_ + ":" + std::to_string(case_line_);
    });
    case_name_.clear();
    own_.clear();
  }

  std::string name_, case_name_, filling_;
  std::vector<Line> template_, own_;
  std::set<std::string> seen_;
  std::vector<Case> cases_;
  int number_ = 0, case_line_ = 0;
  bool in_template_ = false, has_filling_ = false;
};

}  // namespace sluice
