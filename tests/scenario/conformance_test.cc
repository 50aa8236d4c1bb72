// Replays the cases of tests/conformance through a whole gate on memory streams: the octets of one side come
// whole, in two pieces cut at every place, and one at a time, and every replay has to end as the case says.
// tests/conformance/README.md describes the files.
#include <algorithm>
#include <map>

#include "tests/conformance/case_file.h"
#include "tests/conformance/messages.h"
#include "tests/conformance/octets.h"
#include "tests/scenario/gate_fixture.h"

namespace sluice {
namespace {

constexpr size_t kLong = 2048;  // octets beyond which a case is cut at a sample of places
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kStride = 7;  // a sanitizer takes its time: a sample of every case
#else
constexpr size_t kStride = 1;
#endif

// Which side's octets are cut, and where.
struct Cut {
  enum class Side { kNone, kClient, kVendor } side = Side::kNone;
  size_t answer = 0;  // of the vendor
  size_t at = 0;      // 0: after every octet
  std::string text() const {
    if (side == Side::kNone) return "whole";
    const std::string whose = side == Side::kClient ? "the client's" : "the vendor's";
    return whose + " octets " + (at == 0 ? "one at a time" : "cut after octet " + std::to_string(at));
  }
};

std::vector<std::string_view> pieces(std::string_view octets, bool cut, size_t at) {
  if (!cut || octets.empty()) return {octets};
  if (at > 0) return {octets.substr(0, at), octets.substr(at)};
  std::vector<std::string_view> out;
  for (size_t i = 0; i < octets.size(); ++i) out.push_back(octets.substr(i, 1));
  return out;
}

// Every place; of long octets those near the beginning, the end and each line's end.
std::vector<size_t> places(std::string_view octets) {
  std::vector<size_t> out;
  const bool is_long = octets.size() > kLong;
  for (size_t at = 1, line_end = 0; at < octets.size(); ++at) {
    if (line_end < at) line_end = std::min(octets.find('\n', at), octets.size());
    const bool near_line = (line_end - at < 3 || octets[at - 1] == '\n') && (!is_long || out.size() < 600);
    const bool near_end = at < 32 || octets.size() - at < 32;
    if (near_line || (is_long ? near_end : at % kStride == 0)) out.push_back(at);
  }
  return out;
}

std::vector<std::filesystem::path> case_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/tests/conformance")) {
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Conformance : public GateFixture, public testing::WithParamInterface<std::filesystem::path> {
 protected:
  void replay_all(const Case& one);
  Verdict replay(const Case& one, const Cut& cut);
  void settle(const Case& one, const Cut& cut);
  bool answer(const Case& one, const Cut& cut);
  void play(MemoryStream& stream, const Script& script, bool cut, size_t at,
            const std::function<void()>& between);
  Verdict verdict(const Case& one) const;
  std::string serve_the_next();
  std::string clear();

  std::vector<size_t> read_;  // octets of each vendor connection that were answered
  size_t next_answer_ = 0;
  bool answering_ = false;
};

void Conformance::play(MemoryStream& stream, const Script& script, bool cut, size_t at,
                       const std::function<void()>& between) {
  const auto all = pieces(script.octets, cut, at);
  for (const std::string_view piece : all) {
    stream.feed(piece);
    if (all.size() == 2 || script.octets.size() <= kLong) between();
  }
  if (script.end != Script::End::kStays) between();
  if (script.end == Script::End::kEnds) stream.end();
  if (script.end == Script::End::kResets) stream.fail();
}

// Answers one request that is whole (or, for an early answer, begun). False: there is none.
bool Conformance::answer(const Case& one, const Cut& cut) {
  read_.resize(vendors_.size());
  for (size_t i = 0; i < vendors_.size(); ++i) {
    if (vendors_[i]->released || vendors_[i]->written.size() == read_[i]) continue;
    const std::string_view rest = std::string_view(vendors_[i]->written).substr(read_[i]);
    const Message request = read_request(rest);
    const bool scripted = next_answer_ < one.answers.size();
    const bool early =
        scripted && one.answers[next_answer_].early && rest.find("\r\n\r\n") != std::string::npos;
    if (!request.whole && !early) continue;
    read_[i] += request.length;
    const size_t index = next_answer_++;
    const Script usual{names().at("ok"), Script::End::kStays, false};
    const bool cut_here = cut.side == Cut::Side::kVendor && cut.answer == index;
    answering_ = true;
    play(*vendors_[i], scripted ? one.answers[index] : usual, cut_here, cut.at,
         [this] { worker_->loop().turn(); });
    answering_ = false;
    return true;
  }
  return false;
}

// Runs until nothing moves.
void Conformance::settle(const Case& one, const Cut& cut) {
  if (answering_) return;
  do {
    for (int i = 0; i < 3; ++i) worker_->loop().turn();
  } while (answer(one, cut));
}

Verdict Conformance::verdict(const Case& one) const {
  Verdict verdict;
  const MemoryStream& tool = *clients_.front();
  bool to_head = one.client.octets.starts_with("HEAD "), closes = false;
  for (std::string_view rest = tool.written; !rest.empty();) {
    const Message message = read_answer(rest, to_head);
    verdict.client.messages.push_back(message.text);
    rest.remove_prefix(message.length);
    to_head = false;
    closes = message.closes;
  }
  if (!tool.released && one.client.end == Script::End::kStays && closes != tool.finished)
    verdict.trouble = "the last answer does not tell whether the connection ends; ";
  verdict.client.state = tool.finished ? "closed" : tool.released ? "cut" : "open";
  verdict.vendor.state = vendors_.empty() ? "unused" : vendors_.back()->released ? "closed" : "kept";
  for (const auto& stream : vendors_) {
    for (std::string_view rest = stream->written; !rest.empty();) {
      const Message message = read_request(rest);
      verdict.vendor.messages.push_back(message.text);
      verdict.vendor.whole += message.whole ? 1 : 0;
      rest.remove_prefix(message.length);
    }
  }
  return verdict;
}

Verdict Conformance::replay(const Case& one, const Cut& cut) {
  read_.clear();
  next_answer_ = 0;
  MemoryStream& tool = client();
  play(tool, one.client, cut.side == Cut::Side::kClient, cut.at, [this, &one, &cut] { settle(one, cut); });
  settle(one, cut);
  Verdict result = verdict(one);
  if (cut.side == Cut::Side::kNone) result.trouble += serve_the_next();
  result.trouble += clear();
  return result;
}

// Whatever the case has done, a sound request of another client gets its own answer.
std::string Conformance::serve_the_next() {
  MemoryStream& other = client();
  other.feed(get("/push/v1/findings?limit=9"));
  for (int i = 0; i < 4; ++i) worker_->loop().turn();
  for (const auto& stream : vendors_) {
    const size_t at = stream->written.find("GET /v1/findings?limit=9 ");
    if (stream->released || at == std::string::npos) continue;
    stream->feed("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
  }
  const std::string got = read_answer(other.written, false).text;
  if (got == "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext") return {};
  return "the next client got " + escape(got) + "; ";
}

// Both sides leave; nothing stays, and every request has one outcome.
std::string Conformance::clear() {
  std::string trouble;
  for (const auto& stream : clients_) stream->fail();
  for (const auto& stream : vendors_) stream->fail();
  for (int i = 0; i < 3; ++i) worker_->loop().turn();
  for (const auto& streams : {&clients_, &vendors_}) {
    for (const auto& stream : *streams) trouble += stream->released ? "" : "a stream is held; ";
  }
  std::map<std::string, int> outcomes;
  for (const AuditRecord& record : audit_.records) {
    outcomes[record.request_id] += record.type == AuditType::kRequestAttempted ? 0 : 1;
  }
  for (const auto& [id, count] : outcomes) {
    if (count != 1) trouble += id + " has " + std::to_string(count) + " outcomes; ";
  }
  audit_.records.clear();
  clients_.clear();
  vendors_.clear();
  return trouble;
}

std::string show(const Verdict& verdict) {
  std::string text;
  for (const auto& [side, sign] :
       {std::pair(&verdict.vendor, "\n    >> "), std::pair(&verdict.client, "\n    <  ")}) {
    for (const std::string& message : side->messages) text += sign + escape(message);
    text += sign + ("[" + side->state + "]");
  }
  return text + (verdict.trouble.empty() ? "" : "\n    " + verdict.trouble);
}

bool fits(const Verdict& got, const Verdict& expected) {
  if (expected.vendor.state != "unfinished") return got == expected;
  const bool unfinished = got.vendor.state != "kept" && got.vendor.whole == 0;
  return unfinished && got.client == expected.client && got.trouble.empty();
}

void Conformance::replay_all(const Case& one) {
  std::vector<Cut> cuts{{}};
  if (one.client_given) {
    cuts.push_back({Cut::Side::kClient, 0, 0});
    for (const size_t at : places(one.client.octets)) cuts.push_back({Cut::Side::kClient, 0, at});
  }
  for (size_t i = 0; i < one.answers.size(); ++i) {
    cuts.push_back({Cut::Side::kVendor, i, 0});
    for (const size_t at : places(one.answers[i].octets)) cuts.push_back({Cut::Side::kVendor, i, at});
  }
  for (const Cut& cut : cuts) {
    SCOPED_TRACE(one.place + ": " + one.name + ", " + cut.text());
    const Verdict got = replay(one, cut);
    if (fits(got, one.expected)) continue;
    ADD_FAILURE() << "got" << show(got) << "\n  expected" << show(one.expected);
    return;  // one replay tells enough
  }
}

TEST_P(Conformance, EndsAsTheCaseSaysHoweverTheOctetsCome) {
  start("    max_body: 100KiB\n    hosts: [ vendor.example ]\n", "limits: { failed_attempts: 0 }\n");
  if (HasFatalFailure()) return;
  try {
    const CaseFile file(GetParam());
    for (const Case& one : file.cases()) {
      replay_all(one);
    }
    RecordProperty("cases", static_cast<int>(file.cases().size()));
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Conformance, testing::ValuesIn(case_files()),
                         [](const auto& file) { return file.param.stem().string(); });

}  // namespace
}  // namespace sluice
