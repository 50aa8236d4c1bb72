#include "proxy/net/event_loop.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(EventLoopTest, RunsNothingOfWhatWasPostedBeforeItWasStopped) {
  EventLoop loop;
  bool ran = false;
  loop.post([&loop] { loop.stop(); });
  loop.post([&ran] { ran = true; });
  loop.run();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace sluice
