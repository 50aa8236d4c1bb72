#include "proxy/gate/pace_rooms.h"

#include <gtest/gtest.h>

#include "pacer_fixture.h"

namespace sluice {
namespace {

class PaceRoomsTest : public testing::Test {
 protected:
  // A snapshot with these APIs and clients, seated and in force.
  std::shared_ptr<Serving> take_up(const std::vector<std::string>& apis,
                                   const std::vector<std::string>& clients, bool opens = true) {
    auto serving = std::make_shared<Serving>();
    for (const std::string& name : apis) {
      serving->config.apis.emplace_back().name = name;
      serving->apis.emplace_back();
    }
    for (const std::string& name : clients) serving->config.clients.emplace_back().name = name;
    EXPECT_EQ(rooms_.refuse(*serving), "");
    rooms_.seat(*serving, monotonic_now());
    if (opens) rooms_.open(*serving, monotonic_now());
    return serving;
  }

  PaceRooms rooms_{nullptr};
};

TEST_F(PaceRoomsTest, StayWithTheNamesWhateverTheirOrder) {
  const auto before = take_up({"push", "securenvoy"}, {"soar", "siem"});
  const auto now = take_up({"securenvoy", "push"}, {"new", "siem", "soar"});
  EXPECT_EQ(now->apis[0].room, before->apis[1].room);
  EXPECT_EQ(now->apis[1].room, before->apis[0].room);
  EXPECT_EQ(now->pace_slots[1], before->pace_slots[1]);
  EXPECT_EQ(now->pace_slots[2], before->pace_slots[0]);
  EXPECT_EQ(now->pace_slots[0], 2u);
}

TEST_F(PaceRoomsTest, KeepWhatIsSpentOfAnApiThatIsPutBack) {
  const auto before = take_up({"push"}, {"soar"});
  take_up({"securenvoy"}, {"soar"});
  EXPECT_EQ(take_up({"push"}, {"soar"})->apis[0].room, before->apis[0].room);
}

TEST_F(PaceRoomsTest, GiveThePlacesOfClientsThatHaveGoneToOthers) {
  take_up({"push"}, {"soar", "siem"});
  for (int i = 0; i < 1'000; ++i) {
    const auto now = take_up({"push"}, {"soar", "c" + std::to_string(i)});
    EXPECT_EQ(now->pace_slots[0], 0u);
    EXPECT_LE(now->pace_slots[1], 3u);
  }
}

TEST_F(PaceRoomsTest, GiveAPlaceWithoutWhatWasCountedOfItsLastClient) {
  const auto before = take_up({"push"}, {"soar", "siem"});
  Scheduler& scheduler = *before->apis[0].room->scheduler;
  Time time{monotonic_now()};
  Pacer pacer(time.make_clock(), scheduler);
  pacer_fixture::Request request;
  const auto seen = [&] { return scheduler.figures(time.now).clients.size(); };
  time.run_for(std::chrono::seconds(10));
  for (const size_t slot : before->pace_slots)
    ASSERT_EQ(pacer.admit(request, pacer_fixture::terms(slot, kSecond)).kind, Admission::Kind::kGo);
  EXPECT_EQ(seen(), 2u);
  take_up({"push"}, {"soar"});
  EXPECT_EQ(seen(), 2u) << "siem has sent, and may come back";
  const auto now = take_up({"push"}, {"soar", "edr"});
  EXPECT_EQ(now->pace_slots[1], before->pace_slots[1]);
  EXPECT_EQ(seen(), 1u) << "edr has sent nothing";
}

TEST_F(PaceRoomsTest, GiveNoPlaceThatIsInForceToOneThatIsNotTakenUp) {
  const auto in_force = take_up({"push"}, {"soar"});
  const auto rejected = take_up({"push"}, {"other"}, false);
  EXPECT_NE(rejected->pace_slots[0], in_force->pace_slots[0]);
  EXPECT_EQ(take_up({"push"}, {"soar"})->pace_slots[0], in_force->pace_slots[0]);
}

}  // namespace
}  // namespace sluice
