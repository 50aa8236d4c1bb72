// ServingFiles: how the files are read that are served by, at the start and at each reload. Given by the
// command, which knows where they are. Thread: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/finding.h"
#include "proxy/gate/serving.h"
#include "proxy/net/file_stamp.h"

namespace sluice {

struct ServingRead {
  std::shared_ptr<Serving> serving;  // null: what is wrong is in `findings`
  Findings findings;
  // What was read, or could not be; empty when the configuration does not say. Stamps are of before that.
  std::vector<std::string> files;
  std::vector<FileStamp> stamps;
};

// `before`: what is in force, or null.
using ReadServing = std::function<ServingRead(const Serving* before)>;

}  // namespace sluice
