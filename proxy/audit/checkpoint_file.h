// checkpoint_file: SPOOL.checkpoints, the signed heads of a spool outside of it: JSON lines of {"sequence",
// "hash", "note"} in the order of signing, mode 0600. Beyond a size it becomes SPOOL.checkpoints.1, in the
// place of an older one. Who copies it away can show later that the spool's tail was cut. Owner: the
// Checkpointer (to write). Thread: the audit thread's; the reader's. Fails: with the path and the reason; a
// line that could not be written whole is taken back.
#pragma once

#include <string>
#include <vector>

#include "config/model.h"
#include "config/result.h"
#include "proxy/audit/record.h"

namespace sluice {

class CheckpointFile {
 public:
  CheckpointFile(std::string path, Durability durability, Bytes size_limit)
      : path_(std::move(path)), durability_(durability), size_limit_(size_limit) {}
  // On the disk when it returns, with the durability that survives a power cut.
  Result<void> append(const SignedHead& head);

 private:
  Result<int> open() const;
  Error failed(const char* doing) const;

  std::string path_;
  Durability durability_;
  Bytes size_limit_;
};

// One line of the file. `head` is empty for a line that is none.
struct CheckpointLine {
  std::string file;
  size_t number = 0;  // from 1
  SignedHead head;
};

// All lines of a file of at most 64 MiB but an unfinished last one.
Result<std::vector<CheckpointLine>> read_checkpoint_file(const std::string& path);

}  // namespace sluice
