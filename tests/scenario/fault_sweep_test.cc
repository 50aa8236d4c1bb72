// Fault sweep: the same conversation again and again, with each of its stream operations failing in turn.
// Whatever fails, everything is let go of and every request has one outcome: GateFixture's teardown checks
// it.
#include <gmock/gmock.h>

#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

class FaultSweep : public GateFixture {
 protected:
  // Both sides' steps; each is an operation that can fail, as is everything that the gate does to a stream.
  void converse() {
    MemoryStream& tool = client();
    tool.feed(get("/push/v1/findings?n=1") + get("/push/v1/findings?n=2"));
    answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\no");
    answer("ne");
    answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n");
    upload(tool);
    slow_reader(tool);
    tool.end();
    turn();
  }

  // A write that streams, and of which the vendor takes a part only for a while.
  void upload(MemoryStream& tool) {
    const std::string request = post(std::string(600'000, 'u'), "/push/open/upload");
    tool.feed(request.substr(0, 70'000));
    turn();
    if (MemoryStream* vendor = last_vendor()) vendor->stall();
    for (size_t at = 70'000; at < request.size(); at += 100'000) {
      tool.feed(request.substr(at, 100'000));
      turn();
    }
    if (MemoryStream* vendor = last_vendor()) vendor->drain();
    turn();
    answer("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  }

  // Reads nothing until the gate has stopped reading from the vendor.
  void slow_reader(MemoryStream& tool) {
    tool.feed(get("/push/v1/findings?n=3"));
    tool.stall();
    answer("HTTP/1.1 200 OK\r\nContent-Length: 600000\r\n\r\n");
    for (int i = 0; i < 6; ++i) answer(std::string(100'000, 'x'));
    tool.drain();
    turn();
  }

  MemoryStream* last_vendor() {
    for (auto vendor = vendors_.rbegin(); vendor != vendors_.rend(); ++vendor) {
      if (!(*vendor)->released) return vendor->get();
    }
    return nullptr;
  }
  void answer(std::string_view octets) {
    turn();
    if (MemoryStream* vendor = last_vendor()) vendor->feed(octets);
    turn();
  }

  // How many operations there were.
  size_t run(size_t fail_at) {
    start("    timeouts: { connect: 200ms, response: 200ms, silence: 200ms }\n");
    faults_ = {0, fail_at};
    converse();
    const size_t operations = faults_.count;
    // A connection goes when its request has ended, and the client has gone.
    turn_until([this] { return port_->connections == 0; });
    TearDown();
    clients_.clear();
    vendors_.clear();
    audit_ = FakeAudit();
    return operations;
  }
};

TEST_F(FaultSweep, LeavesNothingBehindWhateverFails) {
  const size_t operations = run(0);
  ASSERT_GT(operations, 40u);
  for (size_t i = 1; i <= operations; ++i) {
    SCOPED_TRACE("operation " + std::to_string(i) + " of " + std::to_string(operations));
    run(i);
  }
}

}  // namespace
}  // namespace sluice
