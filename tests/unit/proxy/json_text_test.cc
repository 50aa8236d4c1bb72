// The audit's JSON against two other writers and a reader: what it copies without a look at each octet must
// be what they would write.
#include "proxy/json_text.h"

#include <gtest/gtest.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <nlohmann/json.hpp>
#include <random>

#include "policy/unicode.h"
#include "proxy/audit/event.h"

namespace sluice {
namespace {

std::string string_of(std::string_view value) {
  JsonText text;
  text.string(value);
  return std::string(text.view());
}

// What is not valid UTF-8 has every octet outside ASCII replaced.
std::string repaired(const std::string& value) {
  if (is_valid_utf8(value)) return value;
  std::string out;
  for (const char c : value) out += static_cast<unsigned char>(c) < 0x80 ? std::string(1, c) : "\xEF\xBF\xBD";
  return out;
}

std::string by_rapidjson(const std::string& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const std::string valid = repaired(value);
  writer.String(valid.data(), static_cast<rapidjson::SizeType>(valid.size()));
  return {buffer.GetString(), buffer.GetSize()};
}

// Mostly plain; now and then a piece that is not.
std::string any_text(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {
      "\"",           "\\",  "\n",       std::string(1, '\0'), "\x1F",
      "\x7F",         "é",   "\u20AC\"", "\xF0\x9F\x98\x80",   "\xFF",
      "\xED\xA0\x80", "\xC3"};
  std::string text;
  const size_t size = random() % 70;
  const bool plain = random() % 4 == 0;
  while (text.size() < size) {
    if (!plain && random() % 16 == 0)
      text += kPieces[random() % kPieces.size()];
    else
      text += static_cast<char>(' ' + random() % 95);
  }
  return text;
}

TEST(AuditJsonText, WritesEveryOctetAtEveryPlaceAsRapidJsonDoes) {
  for (size_t size = 1; size <= 40; ++size)
    for (size_t at = 0; at < size; ++at)
      for (int octet = 0; octet < 256; ++octet) {
        std::string value(size, 'x');
        value[at] = static_cast<char>(octet);
        ASSERT_EQ(string_of(value), by_rapidjson(value))
            << "octet " << octet << " at " << at << " of " << size;
      }
}

TEST(AuditJsonText, WritesAnyTextAsRapidJsonDoesAndIsReadBack) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::string value = any_text(random);
    const std::string text = string_of(value);
    ASSERT_EQ(text, by_rapidjson(value)) << value;
    ASSERT_EQ(nlohmann::json::parse(text).get<std::string>(), repaired(value)) << value;
  }
}

TEST(AuditJsonText, GrowsForALongTextAndKeepsWhatStandsBeforeIt) {
  std::string plain(1 << 20, 'x');
  std::string special = plain;
  special.back() = '"';
  JsonText text;
  text.literal("[1,");
  text.string(plain);
  text.literal(",");
  text.string(special);
  text.literal("]");
  const auto json = nlohmann::json::parse(text.view());
  EXPECT_EQ(json[0], 1);
  EXPECT_EQ(json[1].get<std::string>(), plain);
  EXPECT_EQ(json[2].get<std::string>(), special);
}

TEST(AuditJsonText, HoldsNothingOfTheTextBefore) {
  JsonText text;
  text.string("a long one with \"quotes\" in it");
  text.clear();
  text.string("b");
  EXPECT_EQ(text.view(), "\"b\"");
  text.clear();
  text.string("");
  EXPECT_EQ(text.view(), "\"\"");
}

TEST(AuditJsonText, WritesTheWholeRangeOfNumbers) {
  JsonText text;
  text.number(std::numeric_limits<int64_t>::min());
  text.literal(" ");
  text.number(std::numeric_limits<uint64_t>::max());
  text.literal(" ");
  text.number(int64_t{0});
  EXPECT_EQ(text.view(), "-9223372036854775808 18446744073709551615 0");
}

// Every text of a record, by the name that it has in `data`.
std::vector<std::pair<std::string, std::string AuditRecord::*>> texts() {
  return {{"request_id", &AuditRecord::request_id},
          {"client", &AuditRecord::client},
          {"source_ip", &AuditRecord::source_ip},
          {"api", &AuditRecord::api},
          {"operation", &AuditRecord::operation},
          {"access", &AuditRecord::access},
          {"method", &AuditRecord::method},
          {"path", &AuditRecord::path},
          {"decision", &AuditRecord::decision},
          {"reason", &AuditRecord::reason},
          {"policy_sha256", &AuditRecord::policy_sha256},
          {"key", &AuditRecord::key}};
}

std::vector<std::pair<std::string, std::vector<std::string> AuditRecord::*>> lists() {
  return {{"tags", &AuditRecord::tags},
          {"targets", &AuditRecord::targets},
          {"rules", &AuditRecord::rules},
          {"shadow_rules", &AuditRecord::shadow_rules}};
}

TEST(AuditJsonText, CarriesAnyTextInAnyFieldOfAnEvent) {
  std::mt19937 random(11);
  const std::string previous(64, '0');
  for (int i = 0; i < 1'000; ++i) {
    AuditRecord record;
    for (const auto& [name, member] : texts()) record.*member = any_text(random);
    for (const auto& [name, member] : lists())
      for (size_t n = random() % 4; n > 0; --n) (record.*member).push_back(any_text(random));
    record.params = {{"p" + any_text(random), any_text(random)}, {"q" + any_text(random), any_text(random)}};
    record.details = {{"d" + any_text(random), any_text(random)}};
    const auto event = nlohmann::json::parse(make_event(record, {"id", any_text(random), 1, previous}));
    const auto& data = event["data"];
    for (const auto& [name, member] : texts()) {
      const std::string& value = record.*member;
      ASSERT_EQ(data.at(name), value.empty() ? nlohmann::json() : nlohmann::json(repaired(value))) << name;
    }
    for (const auto& [name, member] : lists()) {
      ASSERT_EQ(data.at(name).size(), (record.*member).size());
      for (size_t n = 0; n < data.at(name).size(); ++n)
        ASSERT_EQ(data.at(name)[n], repaired((record.*member)[n]));
    }
    for (const auto& [name, value] : record.params)
      ASSERT_EQ(data["params"].at(repaired(name)), repaired(value));
    for (const auto& [name, value] : record.details) ASSERT_EQ(data.at(repaired(name)), repaired(value));
    ASSERT_EQ(event.contains("subject"), !record.operation.empty());
  }
}

TEST(AuditJsonText, SaysTheTimeOfEachEventWhateverTheOneBefore) {
  using std::chrono::milliseconds;
  using TimePoint = std::chrono::system_clock::time_point;
  const auto time = [](int64_t ms) { return format_time(TimePoint(milliseconds(ms))); };
  EXPECT_EQ(time(1'700'000'000'007), "2023-11-14T22:13:20.007Z");
  EXPECT_EQ(time(1'700'000'000'999), "2023-11-14T22:13:20.999Z");
  EXPECT_EQ(time(1'700'000'001'000), "2023-11-14T22:13:21.000Z");
  EXPECT_EQ(time(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(time(-1'000), "1969-12-31T23:59:59.000Z");
  EXPECT_EQ(time(1'700'000'000'007), "2023-11-14T22:13:20.007Z");
}

}  // namespace
}  // namespace sluice
