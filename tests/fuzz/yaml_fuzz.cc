// A YAML text, read as a tree and as a configuration: positions lie inside the text, and a tree without an
// error is the one that yaml-cpp's own reader gives, each key once.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "config/ascii.h"
#include "config/config_reader.h"
#include "config/text_check.h"
#include "config/yaml_reader.h"
#include "tests/fuzz/fuzz.h"

namespace sluice {
namespace {

const std::string kFile = "fuzz.yaml";
constexpr size_t kMostLevels = 65;  // 64 of maps and lists, and what stands in the last

// The characters of each line.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    for (const char c : text) {
      if (c == '\n')
        lengths_.push_back(0);
      else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80)
        ++lengths_.back();
    }
  }
  void require_inside(const Position& at) const {
    require(at.file == kFile, "a position is in the file");
    if (at.line == 0 && at.column == 0) return;  // the file as a whole
    require(at.line >= 1 && static_cast<size_t>(at.line) <= lengths_.size(), "a line is in the text");
    require(at.column >= 1 && at.column <= lengths_[static_cast<size_t>(at.line) - 1] + 1,
            "a column is in its line");
  }

 private:
  std::vector<int> lengths_{0};
};

bool is_whole_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void check_findings(const Findings& findings, const Lines& lines) {
  for (const Finding& finding : findings.all()) {
    lines.require_inside(finding.at);
    require(!finding.rule.empty() && !finding.message.empty(), "a finding says what it is");
    const std::string text = to_text(finding);
    require(std::none_of(text.begin(), text.end(), is_control), "a message can be printed");
    require(is_whole_utf8(text), "a message is UTF-8");
  }
}

void check_tree(const Value& value, const Lines& lines, size_t level) {
  require(level <= kMostLevels, "a tree has its depth");
  lines.require_inside(value.at);
  for (const Value& item : value.items) check_tree(item, lines, level + 1);
  std::set<std::string> keys;
  for (const Entry& entry : value.entries) {
    require(entry.key.is_scalar(), "a key is a text");
    require(keys.insert(entry.key.text).second, "a key stands once");
    check_tree(entry.key, lines, level + 1);
    check_tree(entry.value, lines, level + 1);
  }
}

void check_same(const Value& value, const YAML::Node& node) {
  switch (value.kind) {
    case Value::Kind::kNull: return require(node.IsNull(), "null is null");
    case Value::Kind::kScalar:
      return require(node.IsScalar() && node.Scalar() == value.text, "a text is the same");
    case Value::Kind::kList: {
      require(node.IsSequence() && node.size() == value.items.size(), "a list is as long");
      size_t i = 0;
      for (const YAML::Node& item : node) check_same(value.items[i++], item);
      return;
    }
    case Value::Kind::kMap: {
      require(node.IsMap() && node.size() == value.entries.size(), "a map has as many keys");
      size_t i = 0;
      for (const auto& pair : node) {
        check_same(value.entries[i].key, pair.first);
        check_same(value.entries[i++].value, pair.second);
      }
    }
  }
}

void read_tree(std::string_view text, const Lines& lines) {
  Findings findings;
  const std::optional<Value> tree = read_yaml(text, kFile, findings);
  check_findings(findings, lines);
  require(tree.has_value() || findings.has_errors(), "without a tree there is an error");
  if (!tree) return;
  check_tree(*tree, lines, 0);
  // At the end of the text the reader is stricter than the library.
  if (!findings.has_errors() && text.ends_with('\n')) check_same(*tree, YAML::Load(std::string(text)));
}

void read_configuration(std::string_view text, const Lines& lines) {
  Findings findings;
  const std::optional<Config> config = read_config(text, kFile, findings);
  check_findings(findings, lines);
  require(config.has_value() != findings.has_errors(), "there is a configuration or an error");
  if (!config) return;
  require(!config->listen.empty() && !config->apis.empty(), "a configuration can be served");
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = sluice::text_of(data, size);
  const sluice::Lines lines(text);
  sluice::read_tree(text, lines);
  sluice::read_configuration(text, lines);
  return 0;
}
