#include "config/yaml_reader.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/unit/config/test_files.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

std::vector<std::string> findings_of(const std::string& text) {
  Findings findings;
  read_yaml(text, "f", findings);
  findings.sort();
  std::vector<std::string> out;
  for (const Finding& finding : findings.all()) out.push_back(to_text(finding));
  return out;
}

Value read_valid(const std::string& text) {
  Findings findings;
  auto value = read_yaml(text, "f", findings);
  EXPECT_FALSE(findings.has_errors()) << to_text(findings.all().front());
  return value ? *value : Value();
}

TEST(YamlReader, KnowsWhatWasQuoted) {
  const Value root = read_valid("a: 1\nb: '1'\nc: \"1\"\nd: |\n  1\ne: null\nf: 'null'\n? g\n: x\n");
  EXPECT_FALSE(root.find("a")->quoted);
  EXPECT_TRUE(root.find("b")->quoted);
  EXPECT_TRUE(root.find("c")->quoted);
  EXPECT_TRUE(root.find("d")->quoted);
  EXPECT_EQ(root.find("e")->kind, Value::Kind::kNull);
  EXPECT_EQ(root.find("f")->text, "null");
  EXPECT_EQ(root.find("g")->text, "x");
  EXPECT_EQ(root.find("h"), nullptr);
}

TEST(YamlReader, KeepsEveryEntryInFileOrder) {
  const Value root = read_valid("z: [1, {y: 2}]\na: {}\nm: []\n");
  ASSERT_EQ(root.entries.size(), 3U);
  EXPECT_EQ(root.entries[0].key.text, "z");
  EXPECT_EQ(root.entries[0].value.items[1].find("y")->text, "2");
  EXPECT_TRUE(root.entries[1].value.is_map());
  EXPECT_TRUE(root.entries[2].value.is_list());
}

TEST(YamlReader, CountsLinesAndColumnsFromOneInCharacters) {
  const Value root = read_valid("a: b\n\xc3\xa9\xc3\xa9: { \xf0\x9f\x98\x80: x }\n");
  EXPECT_EQ(root.entries[0].key.at.line, 1);
  EXPECT_EQ(root.entries[0].key.at.column, 1);
  EXPECT_EQ(root.entries[0].value.at.column, 4);
  const Value& inner = root.entries[1].value;
  EXPECT_EQ(inner.at.line, 2);
  EXPECT_EQ(inner.at.column, 5);
  EXPECT_EQ(inner.entries[0].value.at.column, 10);
}

TEST(YamlReader, ReadsWindowsLineEndsAndAByteOrderMark) {
  const Value root = read_valid(
      "\xef\xbb\xbf"
      "a: 1\r\nb:\r\n  c: 2\r\n");
  EXPECT_EQ(root.find("a")->text, "1");
  EXPECT_EQ(root.find("b")->find("c")->at.line, 3);
  EXPECT_EQ(root.find("a")->at.column, 4);
}

TEST(YamlReader, RefusesASecondByteOrderMark) {
  EXPECT_THAT(findings_of("\xef\xbb\xbf\xef\xbb\xbf"
                          "a: 1\n"),
              ElementsAre("f:1:1: error: a second byte order mark is not allowed"));
}

TEST(YamlReader, AnEmptyFileIsNothing) {
  EXPECT_EQ(read_valid("").kind, Value::Kind::kNull);
  EXPECT_EQ(read_valid("# only a comment\n").at.line, 1);
}

TEST(YamlReader, AnAbsentValueStandsWhereItsKeyStands) {
  const Value root = read_valid("a:\nb: 1\nc:\n");
  EXPECT_EQ(root.find("a")->at.line, 1);
  EXPECT_EQ(root.find("c")->at.line, 3);
}

TEST(YamlReader, RefusesAValueThatStandsRightBelowItsKey) {
  for (const char* text :
       {"a:\nb\n", "a:\n\"b\"\n", "a:\n[b]\n", "a:\n{b: c}\n", "a:\n|\n  b\n", "? a\n:\nb\n"}) {
    EXPECT_THAT(findings_of(text), ElementsAre(HasSubstr("a value stands further in than its key"))) << text;
  }
  EXPECT_THAT(findings_of("- a:\n    b:\n    c\n"),
              ElementsAre("f:3:5: error: not YAML: a value stands further in than its key"));
  read_valid("a:\n- b\n- c:\n  - d\n");
  read_valid("a:\n b\nc: {d:\ne}\n? f\n: g\n");
}

TEST(YamlReader, RefusesAKeyThatStandsRightBelowItsQuestionMark) {
  for (const char* text :
       {"?\nb\n", "?\nb\n: c\n", "a: 1\n?\nb\n", "? # c\n\n# d\n\"b\"\n: c\n", "?\r\nb\r\n", "?\n|\n  b\n"}) {
    EXPECT_THAT(findings_of(text), ElementsAre(HasSubstr("a key stands further in than its question mark")))
        << text;
  }
  EXPECT_THAT(findings_of("- ?\n  b\n  : c\n"),
              ElementsAre("f:2:3: error: not YAML: a key stands further in than its question mark"));
  read_valid("? a\n: b\n?\n c\n:\n d\n? e\nf: {?\ng\n: h}\ni: |\n ?\nj:\n  ?x\nk: l\n");
}

TEST(YamlReader, AStrayCommaIsNoItem) {
  EXPECT_THAT(findings_of("a: [b, , c]\n"),
              ElementsAre("f:1:8: error: not YAML: nothing stands before this comma"));
  for (const char* text : {"[,]\n", "[a,,]\n", "[a,\n,b]\n"}) {
    EXPECT_THAT(findings_of(text), ElementsAre(HasSubstr("nothing stands before this comma"))) << text;
  }
  EXPECT_EQ(read_valid("[a, null, ~, ]\n").items.size(), 3U);
  read_valid("[{a, b: , c}, [d: , e]]\n");
}

TEST(YamlReader, AKeyOfABlockHasAColon) {
  for (const char* text : {"a: 1\nb\n...\n", "a:\n- b\n\"c\" # d\n...\n", "a: 1\nb\n"}) {
    EXPECT_THAT(findings_of(text), ElementsAre(HasSubstr("not YAML: "))) << text;
  }
  EXPECT_THAT(findings_of("a: 1\nb\n...\n"), ElementsAre("f:2:1: error: not YAML: a key without a colon"));
  read_valid("a:\nb: {c, d}\n? e\n? f\ng: [h: ]\ni:\n...\n");
}

TEST(YamlReader, ReportsEveryDuplicateKeyAtItsSecondPlace) {
  EXPECT_THAT(findings_of("a: 1\nb: {c: 1, d: 2, 'c': 3}\n\"a\": 2\na: 3\n"),
              ElementsAre("f:2:17: error: duplicate key \"c\", first given in line 2",
                          "f:3:1: error: duplicate key \"a\", first given in line 1",
                          "f:4:1: error: duplicate key \"a\", first given in line 1"));
}

TEST(YamlReader, KeepsTheFirstOfDuplicatesSoThatTheRestCanBeChecked) {
  Findings findings;
  auto root = read_yaml("a: 1\na: {b: 2}\nc: 3\n", "f", findings);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->text, "1");
  EXPECT_EQ(root->find("c")->text, "3");
  EXPECT_EQ(root->entries.size(), 2U);
}

TEST(YamlReader, EqualKeysOfDifferentMapsAreNoDuplicates) {
  read_valid("a: {x: 1}\nb: {x: 1}\nc: [{x: 1}, {x: 1}]\n");
}

TEST(YamlReader, RefusesAnEscapeThatIsNotUtf8) {
  for (const char* text : {"a: \"x\\N\"\n", "a: \"\\_y\"\n"}) {
    EXPECT_THAT(findings_of(text),
                ElementsAre("f:1:4: error: an escape that is not UTF-8: write the character itself"))
        << text;
  }
  EXPECT_EQ(read_valid("a: \"\\u0085\\x85\\u00a0\"\n").find("a")->text, "\xc2\x85\xc2\x85\xc2\xa0");
}

// yaml-cpp names one octet of what stands behind the backslash.
TEST(YamlReader, NamesNoPartOfACharacter) {
  for (const char* text : {"a: \"\\d+\"\n", "a: \"\\\xc3\xa9\"\n", "a: \"\\\xf0\x9f\x98\x80\"\n"}) {
    EXPECT_THAT(findings_of(text),
                ElementsAre("f:1:7: error: not YAML: an unknown escape: write \\\\ for a backslash, or use "
                            "single quotes"))
        << text;
  }
}

TEST(YamlReader, RefusesAnchorsAliasesAndMergeKeys) {
  EXPECT_THAT(findings_of("a: &x 1\nb: *x\nc: {<<: {d: 1}}\n&k e: 1\n"),
              ElementsAre("f:1:4: error: an anchor is not allowed: write the value out where it is used",
                          "f:2:4: error: an alias is not allowed: write the value out",
                          "f:3:5: error: a merge key is not allowed: write the keys out",
                          "f:4:1: error: an anchor is not allowed: write the value out where it is used"));
  EXPECT_THAT(findings_of("a: *x\n"), ElementsAre(HasSubstr("f:1:4: error: not YAML: ")));
}

TEST(YamlReader, AnAliasBombIsNeverExpanded) {
  std::string text = "a0: &a0 [x, x]\n";
  for (int level = 1; level < 50; ++level) {
    const std::string before = std::to_string(level - 1);
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [*a" + before + ", *a" + before +
            "]\n";
  }
  EXPECT_EQ(findings_of(text).size(), 50U + 2 * 49U);
}

TEST(YamlReader, RefusesEveryWrittenTag) {
  for (const char* tag : {"!!str", "!x", "!", "!<?>", "!<!>", "!<tag:yaml.org,2002:int>", "!!null"}) {
    EXPECT_THAT(findings_of("a: "s + tag + " 1\n"),
                ElementsAre("f:1:4: error: a tag is not allowed: leave it out"))
        << tag;
  }
  EXPECT_THAT(findings_of("a: !!map {b: 1}\nc: !s [1]\n!t d: 1\n"),
              ElementsAre("f:1:4: error: a tag is not allowed: leave it out",
                          "f:2:4: error: a tag is not allowed: leave it out",
                          "f:3:1: error: a tag is not allowed: leave it out"));
  read_valid("a: '!x'\nb: \"!\"\n");
}

// yaml-cpp drops such lines.
TEST(YamlReader, RefusesALineThatBeginsWithAPercentSign) {
  for (const char* text : {"%YAML 1.2\n---\na: 1\n", "%a\nb: 1\n", "\xef\xbb\xbf%a\n"}) {
    EXPECT_THAT(
        findings_of(text),
        ElementsAre("f:1:1: error: a directive, a line that begins with %, is not allowed: leave it out"))
        << text;
  }
  for (const char* text :
       {"a: 1\n%b: 2\n", "a: 1\n%b", "a:\n%\nb: 1\n", "---\n%TAG ! !\na: 1\n", "a: [b,\r\n%c]\n"}) {
    EXPECT_THAT(
        findings_of(text),
        ElementsAre("f:2:1: error: a directive, a line that begins with %, is not allowed: leave it out"))
        << text;
  }
  read_valid("a: 5%\nb: \"%\"\nc: |\n  %d\n\n  %e\nf%: g\n");
}

TEST(YamlReader, RefusesMoreThanOneDocument) {
  for (const char* text : {"a: 1\n---\nb: 2\n", "a: 1\n...\nb\n", "---\na\n---\nb\n", "{a: 1} b",
                           "- a\nb: 1\n", "\"a\" \"b\""}) {
    EXPECT_THAT(findings_of(text), ElementsAre(HasSubstr("one file holds one YAML document"))) << text;
  }
  read_valid("---\na: 1\n...\n");
}

TEST(YamlReader, RefusesKeysThatAreNotTexts) {
  EXPECT_THAT(findings_of("? [a]\n: 1\n? {b: 1}\n: 2\n"),
              ElementsAre("f:1:3: error: a key must be a text, got a list",
                          "f:3:3: error: a key must be a text, got a map"));
  EXPECT_THAT(findings_of("~: 1\n"), ElementsAre("f:1:1: error: a key must be a text, got nothing"));
  EXPECT_THAT(findings_of("{a: 1,, b: 2}"), ElementsAre(HasSubstr("a key must be a text")));
}

TEST(YamlReader, CountsDepthTo64) {
  const auto lists = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  read_valid(lists(64));
  EXPECT_THAT(findings_of(lists(65)), ElementsAre("f:1:65: error: nested deeper than 64 levels"));
  for (size_t depth : {1'000U, 100'000U}) EXPECT_EQ(findings_of(lists(depth)).size(), 1U);
  std::string maps;
  for (int level = 0; level < 1'000; ++level) maps += "{a: ";
  EXPECT_EQ(findings_of(maps).size(), 1U);
  std::string block;
  for (int level = 0; level < 200; ++level) block += std::string(static_cast<size_t>(level), ' ') + "a:\n";
  EXPECT_THAT(findings_of(block), ElementsAre(HasSubstr("nested deeper")));
}

TEST(YamlReader, RefusesNulRawAndEscaped) {
  EXPECT_THAT(findings_of("a: b\0c\n"s), ElementsAre("f:1:5: error: a NUL character is not allowed"));
  EXPECT_THAT(findings_of("a: \"b\\0c\"\n\"k\\x00\": 1\n"),
              ElementsAre("f:1:4: error: a NUL character is not allowed",
                          "f:2:1: error: a NUL character is not allowed"));
}

// yaml-cpp takes U+0004 for the end of the file and would drop what follows.
TEST(YamlReader, NothingHidesBehindAnEndOfTransmission) {
  EXPECT_THAT(findings_of("a: 1\n\x04\nb: 2\n"), ElementsAre(HasSubstr("f:2:1: error: a control character")));
}

TEST(YamlReader, RefusesWhatIsNotUtf8WithItsPlace) {
  EXPECT_THAT(findings_of("a: 1\nb: \xc3\xa9\xff\n"),
              ElementsAre("f:2:5: error: not valid UTF-8: save the file as UTF-8"));
  EXPECT_THAT(findings_of("\xff\xfe"
                          "a\0:\0"s),
              ElementsAre(HasSubstr("f:1:1: error: not valid UTF-8")));
  EXPECT_THAT(findings_of("a: \xed\xa0\x80\n"), ElementsAre(HasSubstr("not valid UTF-8")));
}

TEST(YamlReader, ReportsSyntaxErrorsWithTheirPlace) {
  EXPECT_THAT(findings_of("a: 1\nb: c: d\n"), ElementsAre("f:2:5: error: not YAML: illegal map value"));
  EXPECT_THAT(findings_of("a:\n\t- b\n"), ElementsAre(HasSubstr("f:2:2: error: not YAML: ")));
  EXPECT_THAT(findings_of("@a\n"), ElementsAre("f:1:1: error: not YAML: unknown token"));
}

// yaml-cpp alone would close the quote at the end of the file and drop the keys in between.
TEST(YamlReader, AnOpenQuoteNeverSwallowsTheRestOfTheFile) {
  for (const char* text : {"a: \"b", "a: \"b\n", "a: 'b\n", "a: \"b\nc: 1\n", "a: 'b\r\nc: 1\r\n",
                           "a: \"b\n\n  ", "\"a\n", "- 'a\n- b\n"}) {
    EXPECT_THAT(findings_of(text), ElementsAre(HasSubstr("not YAML: the file ends within quotes"))) << text;
  }
}

TEST(YamlReader, AQuoteSwallowsNoKeyOfItsMap) {
  for (const char* text : {"a: \"b\nc: d\"\n", "a: 'it''s\nc: d'\n", "a: \"\\\"\\\r\nc\"\n", "a: \"b\n\"\n",
                           "- 'a\n- b'\n", "a: {b: [\"\n\"]}\n", "a: \"\n\n\tb\"\n"}) {
    EXPECT_THAT(findings_of(text), ElementsAre(HasSubstr("every line of a text in quotes stands further in")))
        << text;
  }
  EXPECT_THAT(
      findings_of("a:\n  - b: \"c\n\n   d: e\n  - f: g\"\nh: i\n"),
      ElementsAre("f:4:4: error: not YAML: every line of a text in quotes stands further in than its key "
                  "or dash"));
  EXPECT_EQ(read_valid("a:\n  b: 'c''\n\n   d'\n").find("a")->find("b")->text, "c'\nd");
  read_valid("'a\nb'\n");
  read_valid("[{a: 'b\nc'}]\n");
  read_valid("- 'a\n b'\n- \"c\\\"\"\n- d\n");
}

TEST(YamlReader, TheEndOfAFileChangesNoText) {
  EXPECT_EQ(read_valid("a: b").find("a")->text, "b");
  EXPECT_EQ(read_valid("a: |\n  b\n").find("a")->text, "b\n");
  EXPECT_EQ(read_valid("a: |+\n  b\n\n").find("a")->text, "b\n\n");
  EXPECT_EQ(read_valid("a: |-\n  b\n").find("a")->text, "b");
  EXPECT_EQ(read_valid("a: >\n  b\n  c\n").find("a")->text, "b c\n");
  EXPECT_EQ(read_valid("a: 'b'").find("a")->text, "b");
  EXPECT_EQ(read_valid("a: b # c").find("a")->text, "b");
}

TEST(YamlReader, SurvivesEveryPrefixOfAFile) {
  const std::string text = "a: {b: [1, \"x\", 'y'], c: |\n  t\n}\nd: &e !f *g\n? h\n: - i\n";
  for (size_t length = 0; length <= text.size(); ++length) findings_of(text.substr(0, length));
}

TEST(YamlReader, RefusesAFileThatCannotBeRead) {
  const TestFolder folder;
  Findings findings;
  EXPECT_FALSE(read_yaml_file(folder.path("no.yaml"), findings));
  ASSERT_EQ(findings.all().size(), 1U);
  EXPECT_EQ(to_text(findings.all()[0]), folder.path("no.yaml") + ": error: cannot read " +
                                            folder.path("no.yaml") + ": no such file or directory");
  EXPECT_THAT(read_file(folder.path(".")).error().message, HasSubstr("it is a directory"));
}

TEST(YamlReader, RefusesAFileBeyondTenMebibytes) {
  const TestFolder folder;
  EXPECT_TRUE(read_file(folder.write("most", std::string(kMaximumFileSize, ' '))));
  EXPECT_THAT(read_file(folder.write("more", std::string(kMaximumFileSize + 1, ' '))).error().message,
              HasSubstr("it is larger than 10MiB"));
  EXPECT_THAT(findings_of(std::string(kMaximumFileSize + 1, ' ')),
              ElementsAre("f: error: larger than 10 MiB"));
}

TEST(YamlReader, ReadsAFileWithoutAKnownSize) {
  auto text = read_file("/proc/self/status");
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("Pid:"));
  EXPECT_EQ(*read_file("/dev/null"), "");
}

TEST(YamlReader, ResolvesPathsFromTheFileThatNamesThem) {
  EXPECT_EQ(resolve_path("/etc/sluice/sluice.yaml", "tls/a.crt"), "/etc/sluice/tls/a.crt");
  EXPECT_EQ(resolve_path("/etc/sluice/sluice.yaml", "../a.crt"), "/etc/a.crt");
  EXPECT_EQ(resolve_path("/etc/sluice/sluice.yaml", "/run/a"), "/run/a");
  EXPECT_EQ(resolve_path("sluice.yaml", "policy.yaml"), "policy.yaml");
  EXPECT_EQ(resolve_path("demo/sluice.yaml", "policy.yaml"), "demo/policy.yaml");
}

}  // namespace
}  // namespace sluice
