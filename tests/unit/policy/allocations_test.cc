// A decision that needs no body allocates nothing once its Target and Decision have been used: counted by the
// operator new of this program.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "policy_fixture.h"

namespace {

std::atomic<size_t> allocations{0};

void* counted(size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return counted(size); }
void* operator new[](size_t size) { return counted(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace sluice {
namespace {

constexpr const char* kPolicy = R"(version: 1
rules:
  - { id: reads, effect: allow, when: { client: soar, access: read, not: { tag: irreversible } } }
  - { id: here, effect: deny, when: { not: { source: [ 10.0.0.0/8, 127.0.0.0/8 ] } } }
  - { id: plain, effect: deny, when: { header: { x-debug: { present: true } } } }
  - { id: small, effect: require, when: { access: read }, query: { limit: { type: integer, maximum: 500 } } }
  - { id: known, effect: require, when: { path: "/v1/detections/{name}" }, param: { name: { minLength: 3 } } }
  - { id: shown, effect: deny, mode: shadow, when: { query: { limit: 100 }, time: { days: mon-sun, zone: Europe/London } } }
)";

// Of one request, after `warm_up` others.
size_t allocations_of(const std::string& line, const std::string& warm_up) {
  const PolicyUnderTest policy(kPolicy);
  EXPECT_NE(policy.engine, nullptr) << policy.finding_texts();
  Target target;
  Decision decision;
  size_t count = 0;
  for (const std::string& one : {warm_up, line}) {
    const ReviewRequest request = policy.request(one);
    std::vector<HeaderView> headers;
    const RequestView view = view_of(request, headers);
    const size_t before = allocations;
    policy.engine->resolve(view, target);
    EXPECT_FALSE(policy.engine->needs_body(target, view));
    policy.engine->decide(target, view, std::nullopt, decision);
    count = allocations - before;
    EXPECT_EQ(decision.outcome, Outcome::kAllow) << one;
    EXPECT_EQ(decision.rules, std::vector<std::string_view>{"reads"});
  }
  return count;
}

const std::string kRequest =
    "soar GET /push/v1/detections/0123456789abcdef-0123456789abcdef?limit=100&nextToken=abc";

TEST(Allocations, ADecisionWithoutABodyMakesNoneOnceItsResultsWereUsed) {
  EXPECT_EQ(allocations_of(kRequest, kRequest), 0U);
}

TEST(Allocations, NorDoesOneOfAnEncodedPathAndQuery) {
  const std::string encoded =
      "soar GET "
      "/push/v1/detections/0123456789%61bcdef-0123456789%C3%B6?limit=100&nextToken=a+long+token+%C3%B6";
  EXPECT_EQ(allocations_of(encoded, encoded), 0U);
}

TEST(Allocations, AreCounted) {
  EXPECT_GT(allocations_of(kRequest, "soar GET /push/v1/apps"), 0U) << "of a longer path and a query";
}

}  // namespace
}  // namespace sluice
