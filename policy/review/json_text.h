// json_text: a YAML value as the JSON text that it stands for: the body of a request that somebody describes.
// Plain true, false, null and numbers as JSON writes them stay what they are; everything else is a string. A
// number keeps its spelling.
#pragma once

#include <string>

#include "config/document.h"

namespace sluice {

std::string json_text(const Value& value);

}  // namespace sluice
