#include "config/yaml_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <unordered_map>

#include "config/text_check.h"
#include "config/units.h"

namespace sluice {
namespace {

constexpr size_t kMaximumDepth = 64;
// Above what a string keeps within itself, where moving would copy and leave the copy unwiped.
constexpr size_t kNeverInline = 64;

size_t offset_of(const YAML::Mark& mark) { return static_cast<size_t>(std::max(mark.pos, 0)); }

// Offsets of yaml-cpp count octets; people count characters. Valid as long as the text is.
class Positions {
 public:
  Positions(std::string_view text, const std::string& file) : text_(text), file_(file) {
    for (size_t offset = 0; offset < text.size(); ++offset) {
      if (text[offset] == '\n') line_starts_.push_back(offset + 1);
      if ((static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80) continuations_.push_back(offset);
    }
  }

  // A place behind the end is the end.
  Position at(size_t offset) const {
    offset = std::min(offset, text_.size());
    auto next_line = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    const size_t line_start = *(next_line - 1);
    auto first = std::lower_bound(continuations_.begin(), continuations_.end(), line_start);
    auto last = std::lower_bound(first, continuations_.end(), offset);
    const size_t column = offset - line_start - static_cast<size_t>(last - first);
    return {file_, static_cast<int>(next_line - line_starts_.begin()), static_cast<int>(column) + 1};
  }
  Position at(const YAML::Mark& mark) const { return at(offset_of(mark)); }

  // Requires: a line of the text, counted from 1.
  std::string_view line(int number) const {
    const size_t start = line_starts_[static_cast<size_t>(number) - 1];
    return text_.substr(start, text_.find('\n', start) - start);
  }

 private:
  std::string_view text_;
  std::string file_;
  std::vector<size_t> line_starts_{0};
  std::vector<size_t> continuations_;  // octets of UTF-8 that begin no character
};

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

bool is_blank_or_comment(std::string_view line) {
  return is_blank(line) || line[line.find_first_not_of(" \t")] == '#';
}

// From the quote that begins the text to the one that closes it.
size_t quoted_length(std::string_view text) {
  const char quote = text[0];
  size_t at = 1;
  while (at < text.size()) {
    if (quote == '"' ? text[at] == '\\' : text.substr(at, 2) == "''") {
      at += 2;
    } else if (text[at++] == quote) {
      break;
    }
  }
  return std::min(at, text.size());
}

// Ends the parsing after a problem that leaves nothing to go on with; it has been reported.
struct Stop {};

// Builds the tree from yaml-cpp's events. Its own Node would hide duplicate keys, quotes and anchors.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, const Positions& positions, Findings& findings)
      : text_(text), positions_(positions), findings_(findings) {
    root_.at = positions_.at(size_t{0});
  }

  Value take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 1) return;
    findings_.error(positions_.at(mark), "yaml-several-documents",
                    "the file goes on after the end of its document: one file holds one YAML document");
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_properties(mark, "?", anchor);
    check_comma(mark);
    add(make(Value::Kind::kNull, mark));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    findings_.error(positions_.at(mark), "yaml-alias", "an alias is not allowed: write the value out");
    Value nothing = make(Value::Kind::kNull, mark);
    nothing.reported = true;
    add(std::move(nothing));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_properties(mark, tag, anchor);
    Value scalar = make(Value::Kind::kScalar, mark);
    check_quoted_lines(scalar.at, text_from(mark));
    if (value.find('\0') != std::string::npos) {
      findings_.error(scalar.at, "yaml-characters", "a NUL character is not allowed");
    }
    // yaml-cpp makes one octet of "\N" and of "\_".
    if (!is_utf8(value)) {
      findings_.error(scalar.at, "yaml-characters",
                      "an escape that is not UTF-8: write the character itself");
      throw Stop{};
    }
    scalar.text = value;
    scalar.quoted = tag == "!";
    add(std::move(scalar));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    begin(Value::Kind::kList, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    begin(Value::Kind::kMap, mark, tag, anchor, style);
  }
  void OnMapEnd() override { end(); }

 private:
  // A list or a map under construction.
  struct Frame {
    Value value;
    std::optional<Value> key;                    // of a map: read, its value is still to come
    bool keep = true;                            // false: the key was refused, and its value goes with it
    bool block = false;                          // by indentation, without brackets
    std::unordered_map<std::string, int> lines;  // of the keys so far
  };

  Value make(Value::Kind kind, const YAML::Mark& mark) const {
    Value value;
    value.kind = kind;
    value.at = positions_.at(mark);
    return value;
  }

  std::string_view text_from(const YAML::Mark& mark) const {
    return text_.substr(std::min(offset_of(mark), text_.size()));
  }

  void check_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) {
      findings_.error(positions_.at(mark), "yaml-anchor",
                      "an anchor is not allowed: write the value out where it is used");
    }
    const size_t offset = offset_of(mark);
    // yaml-cpp says "?" for a plain value and "!" for a quoted one, and the same for these two when written
    // out.
    const bool written = text_from(mark).starts_with('!');
    const bool implied = tag == "?" || tag == "!";
    if ((implied && !written) || last_tag_ == offset) return;  // a block map starts where its first key does
    last_tag_ = offset;
    findings_.error(positions_.at(mark), "yaml-tag", "a tag is not allowed: leave it out");
  }

  // yaml-cpp takes "[a, , b]" for a list of three; YAML does not.
  void check_comma(const YAML::Mark& mark) {
    if (frames_.empty() || !frames_.back().value.is_list()) return;
    if (!text_from(mark).starts_with(',')) return;
    findings_.error(positions_.at(mark), "yaml-syntax", "not YAML: nothing stands before this comma");
  }

  void begin(Value::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
             YAML::EmitterStyle::value style) {
    check_properties(mark, tag, anchor);
    if (frames_.size() >= kMaximumDepth) {
      findings_.error(positions_.at(mark), "yaml-depth",
                      "nested deeper than " + std::to_string(kMaximumDepth) + " levels");
      throw Stop{};
    }
    frames_.push_back({make(kind, mark), std::nullopt, true, style == YAML::EmitterStyle::Block, {}});
  }

  void end() {
    Value done = std::move(frames_.back().value);
    const bool block_list = frames_.back().block && done.is_list();
    frames_.pop_back();
    add(std::move(done), block_list);
  }

  void add(Value value, bool block_list = false) {
    if (findings_.is_full()) throw Stop{};
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.value.is_list()) {
      frame.value.items.push_back(std::move(value));
    } else if (!frame.key) {
      if (frame.block && value.at.column == frame.value.at.column) check_question_mark(value.at);
      frame.keep = accept_key(frame, value);
      frame.key = std::move(value);
    } else {
      if (!block_list) check_indentation(frame, value);
      check_colon(frame, value);
      // An absent value has the place of what follows it.
      if (value.kind == Value::Kind::kNull && value.at.line != frame.key->at.line) value.at = frame.key->at;
      if (frame.keep) frame.value.entries.push_back({std::move(*frame.key), std::move(value)});
      frame.key.reset();
    }
  }

  // yaml-cpp lets a text in quotes go on in any column, over what looks like further keys; YAML does not.
  void check_quoted_lines(const Position& begin, std::string_view text) {
    if (!text.starts_with('"') && !text.starts_with('\'')) return;
    Position at = begin;
    const std::string_view quoted = text.substr(0, quoted_length(text));
    const int last = begin.line + static_cast<int>(std::count(quoted.begin(), quoted.end(), '\n'));
    for (++at.line; at.line <= last; ++at.line) {
      const std::string_view line = positions_.line(at.line);
      const size_t indentation = line.find_first_not_of(' ');
      if (is_blank(line) || indentation >= block_column()) continue;
      at.column = static_cast<int>(indentation) + 1;
      findings_.error(at, "yaml-indentation",
                      "not YAML: every line of a text in quotes stands further in than its key or dash");
      return;
    }
  }

  // Where the innermost map or list without brackets begins.
  size_t block_column() const {
    const auto block =
        std::find_if(frames_.rbegin(), frames_.rend(), [](const Frame& frame) { return frame.block; });
    return block == frames_.rend() ? 0 : static_cast<size_t>(block->value.at.column);
  }

  // yaml-cpp takes the last line of "a:" over "b" for the value of a; YAML, and other readers, do not. Only
  // a list may begin right below its key.
  void check_indentation(const Frame& map, const Value& value) {
    if (!map.block || value.kind == Value::Kind::kNull || value.at.column > map.value.at.column) return;
    findings_.error(value.at, "yaml-indentation", "not YAML: a value stands further in than its key");
  }

  // A value without a colon has the place of its key. yaml-cpp takes "b" over "..." for a key with nothing.
  void check_colon(const Frame& map, const Value& value) {
    const Position& key = map.key->at;
    const bool same_place = value.at.line == key.line && value.at.column == key.column;
    if (!map.block || value.kind != Value::Kind::kNull || !same_place) return;
    findings_.error(key, "yaml-syntax", "not YAML: a key without a colon");
  }

  // The same for "?" over "b", which yaml-cpp takes for the key b, or for a key with nothing and b.
  void check_question_mark(const Position& key) {
    int above = key.line - 1;
    while (above > 0 && is_blank_or_comment(positions_.line(above))) --above;
    if (above == 0) return;
    const std::string_view line = positions_.line(above);
    const auto column = static_cast<size_t>(key.column);
    if (line.size() < column || line[column - 1] != '?' || !is_blank_or_comment(line.substr(column))) return;
    findings_.error(key, "yaml-indentation", "not YAML: a key stands further in than its question mark");
  }

  bool accept_key(Frame& map, const Value& key) {
    if (!key.is_scalar()) {
      findings_.error(key.at, "yaml-key", "a key must be a text, got " + std::string(kind_name(key.kind)));
      return false;
    }
    if (key.text == "<<" && !key.quoted) {
      findings_.error(key.at, "yaml-merge-key", "a merge key is not allowed: write the keys out");
      return false;
    }
    auto [earlier, is_new] = map.lines.emplace(key.text, key.at.line);
    if (is_new) return true;
    findings_.error(
        key.at, "duplicate-key",
        "duplicate key \"" + key.text + "\", first given in line " + std::to_string(earlier->second));
    return false;
  }

  std::string_view text_;
  const Positions& positions_;
  Findings& findings_;
  std::vector<Frame> frames_;
  Value root_;
  int documents_ = 0;
  std::optional<size_t> last_tag_;
};

// yaml-cpp passes over a line that begins with "%", wherever it stands.
std::optional<size_t> find_directive(std::string_view text) {
  if (text.starts_with('%')) return 0;
  const size_t line_end = text.find("\n%");
  if (line_end == std::string_view::npos) return std::nullopt;
  return line_end + 1;
}

// yaml-cpp closes a quote by itself when the file ends after a line end, and with it all that the open quote
// swallowed. It refuses an end in the midst of a line, so the text gets a last line without an end.
std::string with_final_comment(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out += '#';
}

std::string syntax_message(const YAML::Exception& exception) {
  if (exception.msg == YAML::ErrorMsg::EOF_IN_SCALAR) return "not YAML: the file ends within quotes";
  // yaml-cpp would name the octet behind the backslash, which may be a part of a character.
  if (exception.msg.starts_with(YAML::ErrorMsg::INVALID_ESCAPE)) {
    return "not YAML: an unknown escape: write \\\\ for a backslash, or use single quotes";
  }
  return "not YAML: " + exception.msg;
}

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string reason_of(int error_number) { return lower_first(std::generic_category().message(error_number)); }

class FileDescriptor {
 public:
  // A pipe that nobody writes to is opened all the same, see wait_for_data().
  explicit FileDescriptor(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// False when nobody writes to a pipe for a while. Files are always ready.
bool wait_for_data(int file, bool is_pipe) {
  constexpr int kPatience = 10'000;  // milliseconds; a process substitution answers sooner
  pollfd wanted{file, POLLIN, 0};
  int ready = -1;
  do {
    ready = poll(&wanted, 1, is_pipe ? kPatience : -1);
  } while (ready < 0 && errno == EINTR);
  return ready != 0;
}

}  // namespace

std::optional<Value> read_yaml(std::string_view text, const std::string& file, Findings& findings) {
  if (text.size() > kMaximumFileSize) {
    findings.error({file, 0, 0}, "unreadable", "larger than 10 MiB");
    return std::nullopt;
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const Positions positions(text, file);
  // yaml-cpp would take off another one.
  if (text.starts_with(kByteOrderMark)) {
    findings.error(positions.at(size_t{0}), "yaml-characters", "a second byte order mark is not allowed");
    return std::nullopt;
  }
  // Before yaml-cpp sees it: it repairs invalid UTF-8, and takes U+0004 for the end of the file.
  if (auto bad = find_unreadable(text)) {
    findings.error(positions.at(bad->offset), "yaml-characters", bad->message);
    return std::nullopt;
  }
  if (auto directive = find_directive(text)) {
    findings.error(positions.at(*directive), "yaml-directive",
                   "a directive, a line that begins with %, is not allowed: leave it out");
    return std::nullopt;
  }
  TreeBuilder builder(text, positions, findings);
  try {
    std::istringstream stream(with_final_comment(text));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& exception) {
    findings.error(positions.at(exception.mark), "yaml-syntax", syntax_message(exception));
    return std::nullopt;
  }
  return builder.take_root();
}

Result<std::string> read_file(const std::string& path, size_t maximum_size) {
  const FileDescriptor file(path);
  if (file.get() < 0) return Error{"cannot read " + path + ": " + reason_of(errno)};
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return Error{"cannot read " + path + ": " + reason_of(errno)};
  if (S_ISDIR(status.st_mode)) return Error{"cannot read " + path + ": it is a directory"};

  const bool regular = S_ISREG(status.st_mode);
  // A file of /proc and a pipe do not know their size.
  const size_t known_size =
      regular && status.st_size > 0 ? static_cast<size_t>(status.st_size) : maximum_size;
  std::string text;
  text.reserve(kNeverInline);
  // One octet more than expected shows a file that is longer.
  text.resize(std::min(known_size, maximum_size) + 1);
  size_t length = 0;
  while (length < text.size()) {
    if (!wait_for_data(file.get(), S_ISFIFO(status.st_mode)))
      return Error{"cannot read " + path + ": it is a pipe, and nobody writes to it"};
    const ssize_t got = read(file.get(), text.data() + length, text.size() - length);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Error{"cannot read " + path + ": " + reason_of(errno)};
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  if (length > maximum_size) {
    return Error{"cannot read " + path + ": it is larger than " + format_size({maximum_size})};
  }
  if (length == text.size()) return Error{"cannot read " + path + ": it grew while it was read, try again"};
  text.resize(length);
  return text;
}

std::optional<Value> read_yaml_file(const std::string& path, Findings& findings) {
  auto text = read_file(path);
  if (!text) {
    findings.error({path, 0, 0}, "unreadable", text.error().message);
    return std::nullopt;
  }
  return read_yaml(*text, path, findings);
}

std::string resolve_path(const std::string& from_file, const std::string& path) {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(from_file).parent_path() / given).lexically_normal().string();
}

}  // namespace sluice
