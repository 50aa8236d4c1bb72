#include "proxy/net/file_stamp.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

namespace fs = std::filesystem;

class FileStamps : public testing::Test {
 protected:
  FileStamps() {
    std::string pattern = (fs::temp_directory_path() / "stamps-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~FileStamps() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  FileStamp stamp(const std::string& name) const { return stamp_file((folder_ / name).string()); }

  fs::path folder_;
};

TEST_F(FileStamps, StayWhileNothingHappens) {
  write("a", "text");
  EXPECT_TRUE(stamp("a").exists);
  EXPECT_EQ(stamp("a"), stamp("a"));
  EXPECT_FALSE(stamp("b").exists);
  EXPECT_NE(stamp("a"), stamp("b"));
}

TEST_F(FileStamps, ShowANewLengthAndAFilePutInItsPlace) {
  write("a", "text");
  const FileStamp before = stamp("a");
  write("a", "longer text");
  EXPECT_NE(stamp("a"), before);
  const FileStamp between = stamp("a");
  write("b", "longer text");
  fs::rename(folder_ / "b", folder_ / "a");
  EXPECT_NE(stamp("a"), between);
}

TEST_F(FileStamps, ShowALinkThatIsTurnedToAnotherFolder) {
  for (const char* version : {"1", "2"}) {
    fs::create_directory(folder_ / version);
    write(std::string(version) + "/a", "text");
  }
  fs::create_directory_symlink("1", folder_ / "..data");
  fs::create_symlink("..data/a", folder_ / "a");
  const FileStamp before = stamp("a");
  fs::create_directory_symlink("2", folder_ / "..data_tmp");
  fs::rename(folder_ / "..data_tmp", folder_ / "..data");
  EXPECT_TRUE(stamp("a").exists);
  EXPECT_NE(stamp("a"), before);
}

}  // namespace
}  // namespace sluice
