#include "proxy/http/body_framing.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

struct Decoded {
  std::string body;
  std::string rest;
  bool bad = false;
  bool done = false;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(const Framing& framing, const std::string& input, size_t cut) {
  BodyDecoder decoder;
  decoder.start(framing);
  Decoded result;
  const auto feed = [&](std::string_view data) {
    while (!decoder.done() && !data.empty()) {
      const BodyDecoder::Step step = decoder.feed(data);
      if (step.state == BodyDecoder::State::kBad) {
        result.bad = true;
        return;
      }
      result.body.append(step.piece);
      data.remove_prefix(step.consumed);
    }
    result.rest.append(data);
  };
  feed(std::string_view(input).substr(0, cut));
  if (!result.bad) feed(std::string_view(input).substr(cut));
  result.done = decoder.done();
  return result;
}

// Every way to cut the input in two gives the same result.
Decoded decode_all_ways(const Framing& framing, const std::string& input) {
  const Decoded whole = decode(framing, input, input.size());
  for (size_t cut = 0; cut < input.size(); ++cut) {
    const Decoded split = decode(framing, input, cut);
    EXPECT_EQ(split.bad, whole.bad) << cut;
    if (!whole.bad) {
      EXPECT_EQ(split, whole) << cut;
    }
  }
  return whole;
}

constexpr Framing kChunked{Framing::Kind::kChunked, 0};

TEST(BodyFraming, TakesALengthExactly) {
  const Decoded result = decode_all_ways({Framing::Kind::kLength, 3}, "abcNEXT");
  EXPECT_EQ(result.body, "abc");
  EXPECT_EQ(result.rest, "NEXT");
  EXPECT_TRUE(result.done);
}

TEST(BodyFraming, NothingIsDoneAtOnce) {
  BodyDecoder decoder;
  decoder.start({});
  EXPECT_TRUE(decoder.done());
  decoder.start({Framing::Kind::kLength, 0});
  EXPECT_TRUE(decoder.done());
}

TEST(BodyFraming, DecodesChunks) {
  const Decoded result =
      decode_all_ways(kChunked, "3\r\nabc\r\nA;x=y;q=\"a;\\\"b\"\r\n0123456789\r\n0\r\nT: v\r\n\r\nNEXT");
  EXPECT_FALSE(result.bad);
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.body, "abc0123456789");
  EXPECT_EQ(result.rest, "NEXT");
}

TEST(BodyFraming, RefusesMalformedChunks) {
  for (const char* input : {
           "\r\nabc",
           "g\r\n",
           "-1\r\n",
           "+3\r\nabc\r\n",
           " 3\r\nabc\r\n",
           "3 \r\nabc\r\n",
           "0x3\r\nabc\r\n",
           "3\nabc\r\n",
           "3\r\nabcd",
           "3\r\nabc\n",
           "3\r\nabc\rX",
           "3;a\nb\r\nabc\r\n",
           "3;\x01\r\nabc\r\n",
           "1000000000000000\r\n",
           "0\r\n\n",
           "0\r\nX: y\n\r\n",
           "0\r\n: y\r\n\r\n",
           "0\r\n X\r\n\r\n",
           "3\r\r\nabc",
       }) {
    EXPECT_TRUE(decode_all_ways(kChunked, input).bad) << input;
  }
}

TEST(BodyFraming, BoundsExtensionsAndTrailers) {
  EXPECT_TRUE(decode(kChunked, "3;" + std::string(5000, 'x') + "\r\nabc\r\n0\r\n\r\n", 0).bad);
  EXPECT_TRUE(decode(kChunked, "0\r\nX: " + std::string(17 * 1024, 'x') + "\r\n\r\n", 0).bad);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "1;" + std::string(100, 'x') + "\r\na\r\n";
  EXPECT_FALSE(decode(kChunked, many + "0\r\n\r\n", 0).bad);
}

TEST(BodyFraming, KnowsWhetherAnEndIsWhole) {
  BodyDecoder decoder;
  decoder.start({Framing::Kind::kUntilClose, 0});
  EXPECT_EQ(decoder.feed("abc").piece, "abc");
  EXPECT_TRUE(decoder.whole_at_end());
  decoder.start({Framing::Kind::kLength, 5});
  decoder.feed("abc");
  EXPECT_FALSE(decoder.whole_at_end());
  decoder.start(kChunked);
  decoder.feed("0\r\n");
  EXPECT_FALSE(decoder.whole_at_end());
}

}  // namespace
}  // namespace sluice
