#include "proxy/http/http_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fixtures/memory_stream.h"

namespace sluice {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpConnectionTest : public testing::Test, public HttpConnectionOwner {
 protected:
  void handle(uint64_t, const HttpRequest& request) override {
    ++requests;
    if (!answers.body.empty()) connection->answer(answers);
    last = request;
  }
  void remove(uint64_t) override {
    removed = true;
    loop.destroy_later(std::move(connection));
  }

  void ask(const std::string& text) { stream.feed(text); }
  bool begin(const std::string& request = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n") {
    ask(request);
    HttpResponse response;
    response.headers = {{"Content-Type", "text/event-stream"}};
    return connection->begin_answer(response);
  }

  EventLoop loop;
  MemoryStream stream;
  HttpResponse answers;  // at once, if it has a body
  HttpRequest last;
  int requests = 0;
  bool removed = false;
  std::unique_ptr<HttpConnection> connection =
      std::make_unique<HttpConnection>(*this, 1, loop, stream.lend());
};

TEST_F(HttpConnectionTest, WritesAnAnswerThatGoesOnInChunks) {
  ASSERT_TRUE(begin());
  EXPECT_EQ(stream.written,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: "
            "close\r\n\r\n");
  stream.written.clear();
  connection->write_piece("hello");
  connection->write_piece("");
  connection->write_piece(std::string(17, 'x'));
  EXPECT_EQ(stream.written, "5\r\nhello\r\n11\r\nxxxxxxxxxxxxxxxxx\r\n");
  stream.written.clear();
  connection->end_answer();
  EXPECT_EQ(stream.written, "0\r\n\r\n");
  EXPECT_TRUE(stream.finished);
}

TEST_F(HttpConnectionTest, EndsAnAnswerToHttp10WithTheConnection) {
  ASSERT_TRUE(begin("GET /events HTTP/1.0\r\n\r\n"));
  EXPECT_THAT(stream.written, Not(HasSubstr("chunked")));
  connection->write_piece("hello");
  EXPECT_THAT(stream.written, EndsWith("\r\n\r\nhello"));
  connection->end_answer();
  EXPECT_THAT(stream.written, EndsWith("\r\n\r\nhello"));
  EXPECT_TRUE(stream.finished);
}

TEST_F(HttpConnectionTest, AnswersHeadWithTheHeadAlone) {
  EXPECT_FALSE(begin("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_THAT(stream.written, EndsWith("\r\n\r\n"));
  EXPECT_TRUE(stream.finished);
  connection->write_piece("hello");
  EXPECT_THAT(stream.written, Not(HasSubstr("hello")));
}

TEST_F(HttpConnectionTest, CutsWhoHasNotTakenTheAnswerWhenItEnds) {
  ASSERT_TRUE(begin());
  stream.stall();
  connection->write_piece("hello");
  EXPECT_GT(connection->unsent(), 5u);
  connection->end_answer();
  EXPECT_TRUE(stream.released);
  EXPECT_TRUE(removed);
}

TEST_F(HttpConnectionTest, TakesNothingOfAClientThatIsBeingAnsweredAndSeesItLeave) {
  ASSERT_TRUE(begin("GET /events HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\n"));
  for (int i = 0; i < 1'000; ++i) ask(std::string(1'024, 'x'));
  EXPECT_TRUE(stream.reading);
  EXPECT_EQ(requests, 1);
  stream.fail();
  EXPECT_TRUE(removed);
}

TEST_F(HttpConnectionTest, GoesOnForAClientThatOnlyWillNotAskForMore) {
  ASSERT_TRUE(begin());
  stream.end();
  EXPECT_FALSE(removed);
  connection->write_piece("hello");
  EXPECT_THAT(stream.written, EndsWith("hello\r\n"));
}

TEST_F(HttpConnectionTest, EndsAnAnswerThatGoesOnWhenTheServerDrains) {
  ASSERT_TRUE(begin());
  connection->drain();
  EXPECT_THAT(stream.written, EndsWith("0\r\n\r\n"));
  EXPECT_TRUE(stream.finished);
}

TEST_F(HttpConnectionTest, AnswersNoMoreThanTheClientTakes) {
  answers.body = std::string(100'000, 'x');
  stream.stall();
  std::string all;
  for (int i = 0; i < 300; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  ask(all);
  EXPECT_EQ(requests, 3) << "more than 256 KiB wait";
  ask(std::string("GET /300 HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(requests, 3);
  for (int i = 0; i < 200 && requests < 301; ++i) {
    stream.drain();
    stream.stall();
  }
  EXPECT_EQ(requests, 301);
  EXPECT_EQ(last.path, "/300");
}

TEST_F(HttpConnectionTest, ReadsNoMoreOfAPipelineThanItHasRoomFor) {
  for (int i = 0; i < 100 && stream.reading; ++i) {
    ask("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(8'000, 'x') + "\r\n\r\n");
    EXPECT_EQ(requests, 1) << "its answer is awaited";
  }
  EXPECT_FALSE(stream.reading);
  answers.body = "ok";
  connection->answer(answers);
  EXPECT_TRUE(stream.reading);
  EXPECT_GT(requests, 4);
}

}  // namespace
}  // namespace sluice
