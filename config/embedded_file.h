// EmbeddedFile: a file of the source tree that the build has put into the program. CMakeLists.txt says which
// (embed_files); whoever uses them declares them: extern const std::span<const EmbeddedFile> kNAME;
// Immutable; any thread.
#pragma once

#include <span>
#include <string_view>

namespace sluice {

struct EmbeddedFile {
  std::string_view name;  // as in its folder: index.html
  std::string_view text;
};

}  // namespace sluice
