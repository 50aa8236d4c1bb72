#include "proxy/tracing/trace_context.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "proxy/crypto.h"

namespace sluice {
namespace {

const std::string kId = "0af7651916cd43dd8448eb211c80319c";
const std::string kParent = "b7ad6b7169203331";
const std::string kGood = "00-" + kId + "-" + kParent + "-01";

TEST(TraceContext, ReadsAnIdASpanAndTheFlag) {
  const auto parent = parse_traceparent(kGood);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace_id, kId);
  EXPECT_EQ(parent->parent_id, kParent);
  EXPECT_TRUE(parent->sampled);
  EXPECT_FALSE(parse_traceparent("00-" + kId + "-" + kParent + "-00")->sampled);
  EXPECT_FALSE(parse_traceparent("00-" + kId + "-" + kParent + "-02")->sampled);
  EXPECT_TRUE(parse_traceparent("00-" + kId + "-" + kParent + "-ff")->sampled);
}

TEST(TraceContext, ReadsWhatItKnowsOfALaterVersion) {
  for (const char* version : {"01", "cc", "fe"}) {
    const std::string text = std::string(version) + kGood.substr(2);
    EXPECT_TRUE(parse_traceparent(text)) << text;
    EXPECT_TRUE(parse_traceparent(text + "-what-the-future-will-be-like")) << text;
    EXPECT_TRUE(parse_traceparent(text + "-")) << text;
    EXPECT_FALSE(parse_traceparent(text + "x")) << text;
    EXPECT_FALSE(parse_traceparent(text + ".x")) << text;
  }
}

TEST(TraceContext, RefusesWhatIsNotExactlyATraceparent) {
  const std::string zeros(32, '0');
  const std::vector<std::string> bad = {
      "",
      "-",
      kId,
      "00",
      "00-",
      "ff" + kGood.substr(2),
      "0" + kGood,
      "0-" + kId + "-" + kParent + "-01",
      "0x" + kGood.substr(2),
      "0A" + kGood.substr(2),
      "00-" + zeros + "-" + kParent + "-01",
      "00-" + kId + "-" + zeros.substr(16) + "-01",
      "00-0AF7651916CD43DD8448EB211C80319C-" + kParent + "-01",
      "00-" + kId + "-B7AD6B7169203331-01",
      "00-" + kId + "-" + kParent + "-0A",
      "00-" + kId + "-" + kParent + "-1",
      "00-" + kId + "-" + kParent + "-0",
      "00-" + kId + "-" + kParent + "-",
      "00-" + kId + "-" + kParent,
      "00-" + kId + "-" + kParent + "-0x",
      "00-" + kId + "-" + kParent + "-011",
      "00-" + kId + "-" + kParent + "-01-",
      "00-" + kId + "-" + kParent + "-01-x",
      "00-" + kId.substr(1) + "-" + kParent + "-01",
      "00-" + kId + "0-" + kParent + "-01",
      "00-" + kId.substr(1) + "g-" + kParent + "-01",
      "00_" + kId + "_" + kParent + "_01",
      " " + kGood,
      kGood + " ",
      kGood + "," + kGood,
      "00-" + kId.substr(0, 31) + std::string(1, '\0') + "-" + kParent + "-01",
      "00-" + kId.substr(0, 30) + "\xc3\xa9-" + kParent + "-01",
  };
  for (const std::string& text : bad) EXPECT_FALSE(parse_traceparent(text)) << text;
}

std::vector<HeaderField> fields(const std::vector<std::pair<std::string_view, std::string_view>>& list) {
  std::vector<HeaderField> out;
  for (const auto& [name, value] : list) {
    const HeaderName known = identify_header(name);
    out.push_back({name, value, known.id, known.exact});
  }
  return out;
}

TEST(TraceContext, TakesOneFieldInAnyCaseAndNeverOneOfTwo) {
  EXPECT_TRUE(find_traceparent(fields({{"host", "x"}, {"TraceParent", kGood}})));
  EXPECT_FALSE(find_traceparent(fields({{"host", "x"}})));
  EXPECT_FALSE(find_traceparent(fields({{"traceparent", kGood}, {"traceparent", kGood}})));
  EXPECT_FALSE(find_traceparent(fields({{"traceparent", kGood}, {"Traceparent", "x"}})));
  EXPECT_FALSE(find_traceparent(fields({{"trace-parent", kGood}})));
  EXPECT_FALSE(find_traceparent(fields({{"trace_parent", kGood}})));
}

std::string state_of(const std::vector<std::string>& values) {
  std::vector<std::pair<std::string_view, std::string_view>> list;
  for (const std::string& value : values) list.emplace_back("tracestate", value);
  return find_tracestate(fields(list));
}

TEST(TraceContext, PassesATracestateOn) {
  EXPECT_EQ(state_of({}), "");
  EXPECT_EQ(state_of({"congo=t61rcWkgMzE"}), "congo=t61rcWkgMzE");
  EXPECT_EQ(state_of({"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"}), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  EXPECT_EQ(state_of({"a=1", "b=2 , c=3"}), "a=1,b=2,c=3");
  EXPECT_EQ(state_of({"a=1,,\t, b=2,"}), "a=1,b=2");
  EXPECT_EQ(state_of({"fw529a3039@dt=FfAA:1 2;x", "a_-*/=!"}), "fw529a3039@dt=FfAA:1 2;x,a_-*/=!");
}

TEST(TraceContext, DropsATracestateThatCannotBeRead) {
  for (const char* text : {"a", "a=", "=1", "A=1", "1a=1", "a=1,a=2", "a b=1", "a=b=c", "a=\x7f",
                           "a=\xc3\xa9", "@b=1", "a@=1", "a@1b=1", "a@b@c=1", "\x01=1"})
    EXPECT_EQ(state_of({text}), "") << text;
  std::string members;
  for (int i = 0; i < 33; ++i) members += "k" + std::to_string(i) + "=1,";
  EXPECT_EQ(state_of({members}), "");
  EXPECT_NE(state_of({members.substr(0, members.rfind("k32"))}), "");
  EXPECT_EQ(state_of({"a=" + std::string(250, 'x'), "b=" + std::string(250, 'y')}).size(), 505U);
  EXPECT_EQ(state_of({"a=" + std::string(250, 'x'), "b=" + std::string(250, 'y'), "c=1234567"}), "");
  EXPECT_EQ(state_of({"a=" + std::string(257, 'x')}), "");
  EXPECT_EQ(state_of({std::string(257, 'a') + "=1"}), "");
}

TEST(TraceContext, BeginsATraceWithTheRequestsOwnId) {
  std::string id = "left over";
  assign_trace_id(id, "0190b0c1-1e5e-7d0a-9b1c-0123456789ab");
  EXPECT_EQ(id, "0190b0c11e5e7d0a9b1c0123456789ab");
  std::string line;
  append_traceparent(line, id, kParent, true);
  EXPECT_EQ(line, "traceparent: 00-0190b0c11e5e7d0a9b1c0123456789ab-" + kParent + "-01\r\n");
  EXPECT_TRUE(parse_traceparent(std::string_view(line).substr(13, 55)));
}

TEST(TraceContext, GivesEachSpanOfEachRequestAnIdOfItsOwn) {
  std::set<std::string> ids;
  for (int i = 0; i < 10'000; ++i) {
    const std::string request = uuid_v7();
    for (unsigned number = 0; number < 6; ++number) {
      const auto id = span_id(request, number);
      ids.emplace(id.data(), id.size());
    }
  }
  EXPECT_EQ(ids.size(), 60'000U);
  EXPECT_FALSE(ids.contains(std::string(16, '0')));
  const std::string request = uuid_v7();
  EXPECT_EQ(span_id(request, 3), span_id(request, 3));
}

TEST(TraceContext, KeepsThePartOfTheTracesThatIsWanted) {
  for (const double part : {0.0, 0.001, 0.1, 0.5, 0.9, 1.0}) {
    int kept = 0;
    constexpr int kAll = 20'000;
    for (int i = 0; i < kAll; ++i) {
      std::string id;
      assign_trace_id(id, uuid_v7());
      kept += is_sampled(id, part) ? 1 : 0;
    }
    EXPECT_NEAR(kept, part * kAll, part == 0 || part == 1 ? 0 : 6 * std::sqrt(kAll * part * (1 - part)) + 1)
        << part;
  }
  EXPECT_TRUE(is_sampled(std::string(32, '0'), 1));
  EXPECT_FALSE(is_sampled(std::string(32, 'f'), 0));
  EXPECT_TRUE(is_sampled("00000000000000000080000000000000", 0.5));
  EXPECT_FALSE(is_sampled("ffffffffffffffffff7fffffffffffff", 0.5));
}

}  // namespace
}  // namespace sluice
