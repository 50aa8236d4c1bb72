#include "policy/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::literals;

std::vector<std::string> segments(std::string_view path) {
  const Result<DecodedPath> decoded = decode_path(path, false);
  EXPECT_TRUE(decoded.ok()) << path << ": " << (decoded.ok() ? "" : decoded.error().message);
  if (!decoded.ok()) return {"refused"};
  return {decoded->segments.begin(), decoded->segments.end()};
}

std::vector<std::string> folded(std::string_view path) {
  const Result<DecodedPath> decoded = decode_path(path, true);
  EXPECT_TRUE(decoded.ok()) << path;
  if (!decoded.ok()) return {"refused"};
  return {decoded->folded.begin(), decoded->folded.end()};
}

void expect_refused(std::string_view path, const char* because) {
  const Result<DecodedPath> decoded = decode_path(path, false);
  ASSERT_FALSE(decoded.ok()) << path;
  EXPECT_THAT(decoded.error().message, HasSubstr(because)) << path;
  EXPECT_FALSE(decode_path(path, true).ok()) << path;
}

TEST(Path, DecodesEachSegmentOnce) {
  EXPECT_THAT(segments("/v1/employees/e1/merge"), ElementsAre("v1", "employees", "e1", "merge"));
  EXPECT_THAT(segments("/users/username/j%C3%B6rg%40acme.example"),
              ElementsAre("users", "username", "jörg@acme.example"));
  EXPECT_THAT(segments("/%75sers/100%25"), ElementsAre("users", "100%"));
  EXPECT_THAT(segments("/a/%2525"), ElementsAre("a", "%25"));
  EXPECT_THAT(segments("/a+b/c;d=e"), ElementsAre("a+b", "c;d=e"));
}

TEST(Path, KeepsATrailingSlashAsAnEmptyLastSegment) {
  EXPECT_THAT(segments("/users/"), ElementsAre("users", ""));
  EXPECT_THAT(segments("/"), ElementsAre(""));
}

TEST(Path, RefusesWhatDoesNotStartWithASlash) {
  for (const char* path : {"", "users", "*", "http://a/b"}) expect_refused(path, "start with /");
}

TEST(Path, RefusesRepeatedSlashes) {
  for (const char* path : {"//users", "/users//e1", "/users/e1//", "//"})
    expect_refused(path, "repeated slashes");
}

TEST(Path, RefusesDotSegmentsHoweverTheyAreWritten) {
  for (const char* path :
       {"/a/./b", "/a/../b", "/a/..", "/a/.", "/.", "/a/%2e%2e/b", "/a/.%2e/b", "/a/%2E./b", "/a/%2e",
        "/a/%252e%252e/b", "/a/%25252e%2e", "/a/..;/b", "/a/..;x=1/b", "/a/..%3b/b", "/a/%2e%2e%253b"}) {
    expect_refused(path, "a dot segment");
  }
  EXPECT_THAT(segments("/a/.b/b."), ElementsAre("a", ".b", "b."));
  for (const char* path : {"/a/...", "/a/.%20/b", "/a/%20", "/a/..%20", "/a/;x/b", "/a/%3Bx", "/a/%E2%80%8B"})
    expect_refused(path, "nothing but dots, spaces or a parameter");
}

TEST(Path, RefusesAnEncodedSlashAtAnyDepth) {
  for (const char* path : {"/a%2fb", "/a%2Fb", "/a%252fb", "/a%25252fb", "/a%2525252Fb", "/a%25%32%66b",
                           "/a/%252%66", "/a/%25zz%252f"}) {
    expect_refused(path, "an encoded slash");
  }
}

TEST(Path, RefusesAnEncodedBackslashQuestionMarkHashOrNulAtAnyDepth) {
  for (const char* path : {"/a%5cb", "/a%255Cb", "/a%25255cb"}) expect_refused(path, "an encoded backslash");
  for (const char* path : {"/a%3fb", "/a%253Fb", "/a%23b", "/a%2523b"})
    expect_refused(path, "an encoded ? or #");
  for (const char* path : {"/a%00", "/a%2500", "/a%252500", "/a%0d%0ab", "/a%7f"})
    expect_refused(path, "an encoded NUL");
}

TEST(Path, RefusesInvalidAndOverlongUtf8AtAnyDepth) {
  for (const char* path : {"/a%c0%af", "/a%c0%ae%c0%ae", "/a%e0%80%af", "/a%f0%80%80%af", "/a%ff", "/a%c3",
                           "/a%80", "/a%ed%a0%80", "/a%f4%90%80%80", "/a%25c0%25af", "/a%2525c0%2525af"}) {
    expect_refused(path, "invalid or overlong UTF-8");
  }
}

TEST(Path, RefusesPercentUSequencesAtAnyDepth) {
  for (const char* path : {"/a%u002f", "/a%U002F", "/a%25u002f", "/a%2525u002f", "/a%u0061"})
    expect_refused(path, "%uXXXX");
  EXPECT_THAT(segments("/100%25utility"), ElementsAre("100%utility"));
}

TEST(Path, RefusesABadPercentSequence) {
  for (const char* path : {"/a%", "/a%2", "/a%zz", "/a%2g", "/%%32%66", "/a% 2f", "/a%u00"})
    EXPECT_FALSE(decode_path(path, false).ok()) << path;
  EXPECT_THAT(segments("/a%25zz"), ElementsAre("a%zz"));
}

TEST(Path, RefusesMoreLayersThanCanBeToldApart) {
  std::string path = "/a%";
  for (int i = 0; i < 200; ++i) path += "25";
  expect_refused(path + "41", "more levels");
}

TEST(Path, RefusesRawOctetsThatNoTargetMayHold) {
  expect_refused("/a\\b", "a raw backslash");
  expect_refused("/a#b", "a raw #");
  expect_refused("/a?b", "a ?");
  expect_refused("/a b", "a raw space");
  expect_refused("/a\0b"sv, "control character");
  expect_refused("/a\nb", "control character");
  expect_refused("/a\x7f", "control character");
  expect_refused("/j\xc3\xb6rg", "outside ASCII");
}

TEST(Path, FoldsCaseTheUnicodeWayWhenAsked) {
  EXPECT_THAT(folded("/USERS/UserName/E1"), ElementsAre("users", "username", "e1"));
  EXPECT_THAT(folded("/u%C5%BFers"), ElementsAre("users"));     // long s
  EXPECT_THAT(folded("/%E2%84%AAey"), ElementsAre("key"));      // Kelvin sign
  EXPECT_THAT(folded("/%C4%B0"), ElementsAre("i\xCC\x87"));     // I with a dot above
  EXPECT_THAT(folded("/stra%C3%9Fe"), ElementsAre("strasse"));  // sharp s
  EXPECT_EQ(folded("/%C3%85"), folded("/A%CC%8A"));             // composed and decomposed
  EXPECT_EQ(folded("/%E2%84%AB"), folded("/%C3%A5"));           // angstrom sign
}

std::vector<std::string> lenient(std::string_view path) {
  const Result<DecodedPath> decoded = decode_path(path, false);
  EXPECT_TRUE(decoded.ok()) << path;
  if (!decoded.ok()) return {"refused"};
  return {decoded->lenient.begin(), decoded->lenient.end()};
}

TEST(Path, KeepsALenientReadingBesideTheExactOneWhereTheyDiffer) {
  for (const char* path :
       {"/a/b/",          "/a;x/b",         "/a/b;y=1",   "/a/b%3By",      "/a/b.",         "/a/b%20",
        "/a/%20b",        "/a/b.json",      "/a/b.XML",   "/a/b::$DATA",   "/a/%2562",      "/a/%25%36%32",
        "/%EF%BD%81/b",   "/a/b%E2%80%8B",  "/a/b.%20;x", "/a/b.xml.json", "/a/b.json.xml", "/a/b..json",
        "/a/%EF%BC%8562", "/a/b%EF%BC%9Bx", "/a/b%C2%A0"}) {
    EXPECT_THAT(lenient(path), ElementsAre("a", "b")) << path;
  }
  EXPECT_THAT(lenient("/%C4%B1/%C4%B0"), ElementsAre("i", "i"));
  for (const char* path :
       {"/", "/a/b", "/a/jane.doe@acme.example", "/a/b:c", "/a/j%C3%B6rg", "/a.json/b", "/a/.b", "/a/a+b"})
    EXPECT_THAT(lenient(path), ElementsAre()) << path;
}

TEST(Path, RefusesWhatNormalisingMakesAnotherPath) {
  expect_refused("/a%EF%BC%8Fb", "an encoded slash");          // full-width
  expect_refused("/a/%EF%BC%8E%EF%BC%8E/b", "a dot segment");  // full-width
  expect_refused("/a/%E2%80%A5/b", "a dot segment");           // two dot leader
  expect_refused("/a%EF%BC%852fb", "an encoded slash");        // full-width percent sign
  expect_refused("/a%EF%BC%BCb", "an encoded backslash");
  expect_refused("/a%C2%85", "control character");
  expect_refused("/a%E2%80%A8", "line separator");
}

TEST(Path, KeepsTheDecodedTextBesideTheFoldedOne) {
  const Result<DecodedPath> decoded = decode_path("/Users/E1", true);
  ASSERT_TRUE(decoded.ok());
  EXPECT_THAT(decoded->segments, ElementsAre("Users", "E1"));
  EXPECT_THAT(decoded->folded, ElementsAre("users", "e1"));
  EXPECT_EQ(decoded->comparable(), decoded->folded);
  const Result<DecodedPath> plain = decode_path("/Users/E1", false);
  EXPECT_EQ(plain->comparable(), decoded->segments);
}

TEST(Query, SplitsAtAmpersandsOnlyAndDecodesOnce) {
  const auto query = decode_query("a=1&b=x%26y;c=2&d&e=a+b%2Bc&&f==&nextToken=%252f", false);
  ASSERT_TRUE(query.ok());
  std::vector<std::string> pairs;
  for (const QueryParameter& parameter : query->parameters)
    pairs.push_back(std::string(parameter.name) + "|" + std::string(parameter.value));
  EXPECT_THAT(pairs, ElementsAre("a|1", "b|x&y;c=2", "c|2", "d|", "e|a b+c", "f|=", "nextToken|%2f"));
}

TEST(Query, DoubtsWhatSomeServersReadOtherwise) {
  const auto query = decode_query("a=1;b=2&c=%2531&d=%3B&e=1", false);
  ASSERT_TRUE(query.ok());
  std::vector<std::string> doubtful;
  for (const QueryParameter& parameter : query->parameters) {
    if (parameter.doubtful)
      doubtful.push_back(std::string(parameter.name) + "|" + std::string(parameter.value));
  }
  EXPECT_THAT(doubtful, ElementsAre("a|1;b=2", "b|2", "c|%31"));
}

TEST(Query, RefusesAnOverrideOfTheMethodAndANameThatIsEncodedTwice) {
  for (const char* query : {"_method=DELETE", "a=1&_METHOD=x", "%5Fmethod=x", "X-HTTP-Method-Override=PUT",
                            "x;_method=x", "x_http_method=x", "%256Cimit=1", "a%2541"}) {
    EXPECT_FALSE(decode_query(query, false).ok()) << query;
    EXPECT_FALSE(decode_query(query, true).ok()) << query;
  }
  EXPECT_TRUE(decode_query("method=x&the_method=y&100%25=z", false).ok());
  for (const bool fold : {false, true}) EXPECT_FALSE(decode_query("%C4%B1d=1", fold).ok()) << "a dotless i";
}

TEST(Query, FoldsNamesButNeverValues) {
  const auto query = decode_query("PageSize=Big&pa%E2%84%AA=X", true);
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->parameters[0].name, "pagesize");
  EXPECT_EQ(query->parameters[0].value, "Big");
  EXPECT_EQ(query->parameters[1].name, "pak");
}

TEST(Query, RefusesWhatHasNoSingleReading) {
  for (const char* query : {"a=%", "a=%2", "a=%zz", "%u0061=1", "%00=1", "a=%ff", "%c0%af=1", "a#b", "a\\b",
                            "a b", "a=\xc3\xb6"}) {
    EXPECT_FALSE(decode_query(query, false).ok()) << query;
  }
  EXPECT_TRUE(decode_query("", false)->parameters.empty());
}

}  // namespace
}  // namespace sluice
