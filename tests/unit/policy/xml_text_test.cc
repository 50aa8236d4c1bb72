#include "policy/review/xml_text.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(XmlText, EscapesMarkup) { EXPECT_EQ(xml_escaped("a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c'"); }

TEST(XmlText, KeepsWhiteSpaceThroughAttributes) { EXPECT_EQ(xml_escaped("a\tb\nc\r"), "a&#9;b&#10;c&#13;"); }

TEST(XmlText, ReplacesWhatXmlCannotHold) {
  EXPECT_EQ(xml_escaped(std::string("\0\x01\x1b", 3)), "???");
  EXPECT_EQ(xml_escaped("a\xff\xc3"), "a??") << "not UTF-8";
  EXPECT_EQ(xml_escaped("\xef\xbf\xbe\xef\xbf\xbf"), "??") << "U+FFFE and U+FFFF";
  EXPECT_EQ(xml_escaped("é€😀"), "é€😀");
}

}  // namespace
}  // namespace sluice
