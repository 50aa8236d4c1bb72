// xml_text: a text for an XML document. Pure; linear.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// For an attribute in double quotes or the content of an element. What XML 1.0 cannot hold, and what is not
// UTF-8, becomes "?".
std::string xml_escaped(std::string_view text);

}  // namespace sluice
