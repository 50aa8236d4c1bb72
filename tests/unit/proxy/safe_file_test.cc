#include "proxy/safe_file.h"

#include "audit_verify_fixture.h"

namespace sluice {
namespace {

TEST(SafeFile, IsNeverMadeInThePlaceOfAnotherAndLeavesNothingBehind) {
  const TempFolder folder;
  ASSERT_TRUE(create_file(folder.file("a"), "one", 0600).ok());
  const auto again = create_file(folder.file("a"), "two", 0600);
  ASSERT_FALSE(again.ok());
  EXPECT_NE(again.error().message.find("File exists"), std::string::npos) << again.error().message;
  EXPECT_EQ(read_whole(folder.file("a")), "one");
  EXPECT_FALSE(std::filesystem::exists(folder.file("a.new")));
}

TEST(SafeFile, IsReplacedWholeOrNotAtAll) {
  const TempFolder folder;
  write_whole(folder.file("a"), "one");
  {
    auto file = PendingFile::begin(folder.file("a"), 0644);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("half").ok());
  }
  EXPECT_EQ(read_whole(folder.file("a")), "one");
  ASSERT_TRUE(replace_file(folder.file("a"), "two", 0644).ok());
  EXPECT_EQ(read_whole(folder.file("a")), "two");
}

}  // namespace
}  // namespace sluice
