#include "proxy/keys/sealed_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "audit_fixture.h"

namespace sluice {
namespace {

constexpr ScryptCost kCheap = kSmallestCost;
const Secret kMaster("a master for tests only");

std::string whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class SealedStoreFile : public testing::Test {
 protected:
  SealedStoreFile() : path_(folder_.file("keys.sealed")) {
    SealedStore store = SealedStore::make(path_, kMaster, kCheap);
    store.put("push-full", Secret("canary-push"));
    store.put("siem", Secret("canary-siem"));
    store.put("soar", Secret("canary-soar"));
    EXPECT_TRUE(store.save());
  }

  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  std::string error_of(const std::string& text, const Secret& master = kMaster) const {
    write(text);
    const auto store = SealedStore::open(path_, master);
    return store ? "none" : store.error().message.substr(("sealed key store " + path_ + ": ").size());
  }
  StoreFile parsed() const { return *parse_store(whole(path_)); }
  std::string names() const {
    std::string all;
    const auto store = SealedStore::open(path_, kMaster);
    if (!store) return store.error().message;
    for (const SealedStore::Key& key : store->keys())
      all += key.name + "=" + std::string(key.value.reveal()) + " ";
    return all;
  }

  TempFolder folder_;
  std::string path_;
};

TEST_F(SealedStoreFile, GivesBackWhatWasSealedInItsOrder) {
  EXPECT_EQ(names(), "push-full=canary-push siem=canary-siem soar=canary-soar ");
  const auto store = SealedStore::open(path_, kMaster);
  EXPECT_TRUE(store->find("siem")->equals("canary-siem"));
  EXPECT_EQ(store->find("sie"), nullptr);
}

TEST_F(SealedStoreFile, HoldsNoValueAndNoMasterInTheClear) {
  const std::string text = whole(path_);
  for (const char* canary : {"canary", "a master"}) EXPECT_EQ(text.find(canary), std::string::npos);
  EXPECT_EQ(text.find(base64_encode("canary-siem").substr(0, 8)), std::string::npos);
  EXPECT_NE(text.find("\n    {\"name\":\"siem\",\"nonce\":\""), std::string::npos) << text;
}

TEST_F(SealedStoreFile, KeepsTheLinesOfKeysThatDidNotChange) {
  const StoreFile before = parsed();
  auto store = *SealedStore::open(path_, kMaster);
  store.put("siem", Secret("canary-new"));
  store.put("last", Secret("canary-last"));
  ASSERT_TRUE(store.save());
  const StoreFile after = parsed();
  EXPECT_EQ(after.entries[0].sealed, before.entries[0].sealed);
  EXPECT_NE(after.entries[1].nonce, before.entries[1].nonce);
  EXPECT_EQ(after.entries[2].sealed, before.entries[2].sealed);
  EXPECT_EQ(names(), "push-full=canary-push siem=canary-new soar=canary-soar last=canary-last ");
}

TEST_F(SealedStoreFile, RemovesAKeyAndSealsThoseBehindItAnew) {
  auto store = *SealedStore::open(path_, kMaster);
  EXPECT_FALSE(store.remove("none"));
  EXPECT_TRUE(store.remove("push-full"));
  ASSERT_TRUE(store.save());
  EXPECT_EQ(names(), "siem=canary-siem soar=canary-soar ");
}

TEST_F(SealedStoreFile, IsSealedUnderANewMasterWithANewSalt) {
  const StoreFile before = parsed();
  auto store = *SealedStore::open(path_, kMaster);
  const Secret fresh("another master for tests");
  ASSERT_TRUE(store.save_under(fresh, kCheap));
  EXPECT_NE(parsed().salt, before.salt);
  EXPECT_FALSE(SealedStore::open(path_, kMaster));
  const auto opened = SealedStore::open(path_, fresh);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->keys().size(), 3U);
  EXPECT_TRUE(opened->find("soar")->equals("canary-soar"));
}

TEST_F(SealedStoreFile, TellsAWrongMasterFromDamageAndFromAChange) {
  const std::string text = whole(path_);
  EXPECT_EQ(error_of(text, Secret("a master for tests onlY")),
            "the master is not the one that it was sealed under: see sealed_keys.master");
  EXPECT_EQ(error_of(text.substr(0, text.size() / 2)), "it is cut short: put back a copy of it");
  EXPECT_EQ(error_of("keys"), "it is no sealed key store: name another file in sealed_keys.path");
  EXPECT_EQ(error_of("{\n}\n"), "it is no sealed key store, or was damaged: put back a copy of it");
  std::string flipped = text;
  char& octet = flipped[flipped.find("\"nonce\":\"") + 10];
  octet = octet == 'A' ? 'B' : 'A';
  EXPECT_EQ(error_of(flipped), "it was changed or damaged after it was written: put back a copy of it");
  StoreFile changed = *parse_store(text);
  std::swap(changed.entries[0], changed.entries[1]);
  EXPECT_EQ(error_of(to_text(changed)),
            "it was changed by someone who does not have the master: put back a copy of it");
  std::string newer = text;
  newer.replace(newer.find("\"version\": 1"), 12, "\"version\": 2");
  EXPECT_EQ(error_of(newer),
            "it is of version 2, which this sluice does not know: use the sluice that wrote it");
}

TEST_F(SealedStoreFile, IsCutShortAtEveryOctet) {
  const std::string text = whole(path_);
  for (size_t size = 1; size < text.size(); ++size) {
    const auto cut = parse_store(text.substr(0, size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(cut.error().message, "it is cut short: put back a copy of it") << size;
  }
  EXPECT_FALSE(parse_store(""));
}

TEST_F(SealedStoreFile, ShowsEveryFlippedBitWithoutTheMaster) {
  const std::string text = whole(path_);
  for (size_t i = 0; i < text.size() * 8; ++i) {
    std::string flipped = text;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
    EXPECT_FALSE(parse_store(flipped)) << "bit " << i % 8 << " of octet " << i / 8;
  }
}

TEST_F(SealedStoreFile, ShowsAFlippedBitOfWhoeverWritesTheSumAnew) {
  const StoreFile good = parsed();
  const auto expect_found = [this](StoreFile& file, std::string& octets, const char* what) {
    for (char& octet : octets) {
      octet = static_cast<char>(octet ^ 4);
      EXPECT_NE(error_of(to_text(file)), "none") << what;
      octet = static_cast<char>(octet ^ 4);
    }
  };
  StoreFile file = good;
  expect_found(file, file.salt, "salt");
  expect_found(file, file.check, "check");
  expect_found(file, file.mac, "mac");
  for (SealedEntry& entry : file.entries) {
    expect_found(file, entry.nonce, "nonce");
    expect_found(file, entry.sealed, "sealed");
    expect_found(file, entry.name, "name");
  }
  file.cost.p = 2;
  EXPECT_NE(error_of(to_text(file)), "none");
  EXPECT_EQ(error_of(to_text(good)), "none");
}

TEST_F(SealedStoreFile, ShowsWhatWasSwappedRenamedRemovedCopiedOrRolledBack) {
  const StoreFile good = parsed();
  auto store = *SealedStore::open(path_, kMaster);
  store.put("siem", Secret("canary-new"));
  ASSERT_TRUE(store.save());
  const StoreFile newer = parsed();
  std::vector<StoreFile> hostile(5, newer);
  std::swap(hostile[0].entries[0].sealed, hostile[0].entries[1].sealed);
  hostile[1].entries[0].name = "push-read";
  hostile[2].entries.pop_back();
  hostile[3].entries.push_back(good.entries[1]);
  hostile[3].entries.back().name = "copied";
  hostile[4].entries[1] = good.entries[1];
  for (size_t i = 0; i < hostile.size(); ++i)
    EXPECT_EQ(error_of(to_text(hostile[i])),
              "it was changed by someone who does not have the master: put back a copy of it")
        << i;
  EXPECT_EQ(error_of(to_text(newer)), "none");
}

TEST_F(SealedStoreFile, RefusesANameThatStandsTwice) {
  StoreFile twice = parsed();
  twice.entries[1].name = twice.entries[0].name;
  EXPECT_FALSE(parse_store(to_text(twice)));
}

// The mac covers the whole file. This is what holds without it.
TEST_F(SealedStoreFile, BindsAValueToItsNameItsPlaceAndItsStore) {
  const StoreFile file = parsed();
  const StoreKeys keys(kMaster, file);
  ASSERT_TRUE(keys.open(file, 0, file.entries[0]));
  EXPECT_FALSE(keys.open(file, 1, file.entries[0]));
  SealedEntry renamed = file.entries[0];
  renamed.name = "push-read";
  EXPECT_FALSE(keys.open(file, 0, renamed));
  StoreFile other = file;
  other.salt[0] = static_cast<char>(other.salt[0] ^ 1);
  EXPECT_FALSE(keys.open(other, 0, file.entries[0]));
  other = file;
  other.cost.p = 2;
  EXPECT_FALSE(keys.open(other, 0, file.entries[0]));
  EXPECT_NE(keys.seal(file, 0, "a", kMaster).nonce, keys.seal(file, 0, "a", kMaster).nonce);
}

TEST_F(SealedStoreFile, RefusesCostsThatWouldTakeGigabytesOrHours) {
  for (const ScryptCost& cost : {ScryptCost{30, 8, 1}, ScryptCost{18, 8, 1}, ScryptCost{15, 4096, 1},
                                 ScryptCost{15, 8, 7}, ScryptCost{15, 8, UINT32_MAX}, ScryptCost{9, 8, 1},
                                 ScryptCost{15, 0, 1}, ScryptCost{15, 8, 0}, ScryptCost{0, 8, 1}}) {
    StoreFile file = parsed();
    file.cost = cost;
    const auto refused = parse_store(to_text(file));
    ASSERT_FALSE(refused);
    EXPECT_EQ(
        refused.error().message,
        "its scrypt parameters are outside of what sluice uses (log2_n 10 to 17, r 8, p 1 to 6): put back a "
        "copy of it");
  }
}

TEST_F(SealedStoreFile, RefusesAFileThatOthersCanReadOrWrite) {
  EXPECT_EQ(error_of(whole(path_)), "none");
  const std::string remedy = ": chmod 600 " + path_ + " (or 640, for a group that may read it)";
  for (const auto& [mode, what] : std::vector<std::pair<mode_t, std::string>>{
           {0604, "others can read it"}, {0620, "others can write it"}, {0602, "others can write it"}}) {
    chmod(path_.c_str(), mode);
    EXPECT_EQ(error_of(whole(path_)), what + remedy);
  }
  chmod(path_.c_str(), 0640);
  EXPECT_EQ(error_of(whole(path_)), "none");
  std::filesystem::remove(path_);
  EXPECT_EQ(
      SealedStore::open(path_, kMaster).error().message,
      "sealed key store " + path_ + ": there is none: make it with sluice keys seal NAME --config FILE");
}

TEST_F(SealedStoreFile, IsForItsOwnerAloneAndKeepsAModeThatIsTight) {
  const auto mode = [this] {
    struct stat status {};
    stat(path_.c_str(), &status);
    return status.st_mode & 0777;
  };
  EXPECT_EQ(mode(), 0600U);
  chmod(path_.c_str(), 0640);
  auto store = *SealedStore::open(path_, kMaster);
  ASSERT_TRUE(store.save());
  EXPECT_EQ(mode(), 0640U);
}

TEST_F(SealedStoreFile, LosesNoKeyWhenManySealAtOnce) {
  constexpr int kWriters = 8;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([this, i] {
      const auto lock = StoreLock::wait(path_);
      ASSERT_TRUE(lock);
      auto store = SealedStore::open(path_, kMaster);
      ASSERT_TRUE(store) << store.error().message;
      store->put("writer-" + std::to_string(i), Secret("value"));
      ASSERT_TRUE(store->save());
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(parsed().entries.size(), 3U + kWriters);
  EXPECT_TRUE(SealedStore::open(path_, kMaster));
}

}  // namespace
}  // namespace sluice
