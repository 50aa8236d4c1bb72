#include "proxy/audit/checkpoint_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "config/yaml_reader.h"
#include "proxy/audit/event.h"
#include "proxy/safe_file.h"

namespace sluice {
namespace {

constexpr size_t kMostFileOctets = 64 << 20;

// Takes away an unfinished last line: a write that a power cut or a full disk cut short. The size that is
// left.
off_t cut_unfinished(int fd, off_t size) {
  std::array<char, 4096> tail{};
  while (size > 0) {
    const auto count = std::min<off_t>(size, tail.size());
    if (::pread(fd, tail.data(), static_cast<size_t>(count), size - count) != count) return -1;
    const std::string_view text(tail.data(), static_cast<size_t>(count));
    const size_t newline = text.rfind('\n');
    if (newline != std::string_view::npos) {
      size = size - count + static_cast<off_t>(newline) + 1;
      break;
    }
    size -= count;
  }
  return ::ftruncate(fd, size) == 0 ? size : -1;
}

// Closes what open() returned.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(fd_); }
  int get() const { return fd_; }

 private:
  int fd_;
};

SignedHead read_line(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return {};
  const auto sequence = json.value("sequence", nlohmann::json());
  const auto hash = json.value("hash", nlohmann::json());
  const auto note = json.value("note", nlohmann::json());
  if (!sequence.is_number_unsigned() || !hash.is_string() || !note.is_string()) return {};
  return {sequence.get<uint64_t>(), hash.get<std::string>(), note.get<std::string>()};
}

}  // namespace

Error CheckpointFile::failed(const char* doing) const {
  return {"checkpoint file " + path_ + ": cannot " + doing + ": " + std::strerror(errno)};
}

Result<int> CheckpointFile::open() const {
  const int fd =
      ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0600);
  if (fd < 0) return failed("open it");
  return fd;
}

Result<void> CheckpointFile::append(const SignedHead& head) {
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0 && static_cast<uint64_t>(status.st_size) > size_limit_.count &&
      ::rename(path_.c_str(), (path_ + ".1").c_str()) != 0)
    return failed("move it aside");
  const auto fd = open();
  if (!fd) return fd.error();
  const Descriptor file(*fd);
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Error{"checkpoint file " + path_ + " is not a file: move it away"};
  const off_t size = cut_unfinished(file.get(), status.st_size);
  if (size < 0) return failed("read it");
  JsonText line;
  write_signed_head(line, head);
  line.literal("\n");
  const std::string_view text = line.view();
  const ssize_t count = ::write(file.get(), text.data(), text.size());
  if (count != static_cast<ssize_t>(text.size())) {
    const Error error =
        count < 0 ? failed("write to it") : Error{"checkpoint file " + path_ + ": the disk is full"};
    if (count > 0 && ::ftruncate(file.get(), size) != 0) return failed("take back a part of a line");
    return error;
  }
  if (durability_ != Durability::kPower) return {};
  if (::fdatasync(file.get()) != 0) return failed("write it onto the disk");
  if (size == 0) sync_folder_of(path_);
  return {};
}

Result<std::vector<CheckpointLine>> read_checkpoint_file(const std::string& path) {
  auto text = read_file(path, kMostFileOctets);
  if (!text) return text.error();
  std::vector<CheckpointLine> lines;
  for (size_t at = 0; at < text->size();) {
    const size_t end = text->find('\n', at);
    if (end == std::string::npos) break;
    lines.push_back({path, lines.size() + 1, read_line(std::string_view(*text).substr(at, end - at))});
    at = end + 1;
  }
  return lines;
}

}  // namespace sluice
