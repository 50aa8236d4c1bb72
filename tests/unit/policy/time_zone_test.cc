#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <random>

#include "config/yaml_reader.h"
#include "policy/time_window.h"

namespace sluice {
namespace {

std::string zone_file(const std::string& name) {
  std::string path(kZoneFolder);
  path.append("/").append(name);
  return *read_file(path);
}

TEST(TimeZone, AgreesWithTheSystemOverSixCenturies) {
  std::mt19937_64 random(1);
  for (const char* name :
       {"Europe/London", "Europe/Dublin", "America/New_York", "Australia/Sydney", "Asia/Kolkata",
        "Africa/Cairo", "America/Santiago", "Asia/Gaza", "Pacific/Apia", "Etc/GMT+5", "America/Nuuk"}) {
    const auto zone = TimeZone::load(name);
    ASSERT_TRUE(zone.ok()) << name << ": " << zone.error().message;
    setenv("TZ", name, 1);
    tzset();
    std::uniform_int_distribution<int64_t> instants(-2208988800, 16725225600);  // 1900 to 2500
    for (int i = 0; i < 2000; ++i) {
      const auto instant = static_cast<time_t>(instants(random));
      tm local{};
      localtime_r(&instant, &local);
      ASSERT_EQ((*zone)->offset_at(instant), local.tm_gmtoff) << name << " at " << instant;
    }
  }
  unsetenv("TZ");
  tzset();
}

TEST(TimeZone, ChangesAtTheVeryInstant) {
  const auto london = *TimeZone::load("Europe/London");
  EXPECT_EQ(london->offset_at(1774745999), 0);     // 2026-03-29T00:59:59Z
  EXPECT_EQ(london->offset_at(1774746000), 3600);  // 01:00:00Z
}

TEST(TimeZone, KnowsUtcWithoutADatabase) {
  EXPECT_EQ((*TimeZone::load("UTC", "/nowhere"))->offset_at(0), 0);
  EXPECT_NE(TimeZone::load("Europe/London", "/nowhere").error().message.find("install tzdata"),
            std::string::npos);
}

TEST(TimeZone, RefusesNamesThatAreNotOfTheDatabase) {
  for (const char* name : {"", "/etc/localtime", "../zoneinfo/Europe/London", "Europe/../Europe/London",
                           "Europe//London", "Europe/", "Europe", "localtime", "posixrules",
                           "posix/Europe/London", "right/Europe/London", "tzdata.zi", "zone.tab", "london"}) {
    EXPECT_FALSE(TimeZone::load(name).ok()) << name;
  }
  EXPECT_FALSE(TimeZone::load(std::string("Europe/London\0x", 15)).ok());
}

TEST(TimeZone, SuggestsTheNearestName) {
  EXPECT_EQ(TimeZone::load("Europe/Lodnon").error().message,
            "zone: unknown time zone \"Europe/Lodnon\", did you mean \"Europe/London\"?");
}

TEST(TimeZone, RefusesAFileThatEndsEarlyOrIsChanged) {
  const std::string whole = zone_file("Europe/London");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(TimeZone::parse(whole.substr(0, length)).ok()) << length;
  }
  std::mt19937 random(2);
  for (int i = 0; i < 3000; ++i) {  // no crash, whatever the answer
    std::string changed = whole;
    for (int k = 0; k < 3; ++k) changed[random() % changed.size()] = static_cast<char>(random());
    const auto zone = TimeZone::parse(changed);
    if (zone) (*zone)->offset_at(static_cast<int64_t>(random()));
  }
}

}  // namespace
}  // namespace sluice
