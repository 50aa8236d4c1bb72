// The program's version, from CMakeLists.txt.
#pragma once

namespace sluice {

extern const char* const kVersion;

}  // namespace sluice
