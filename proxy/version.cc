#include "proxy/version.h"

namespace sluice {

const char* const kVersion = SLUICE_VERSION;

}  // namespace sluice
