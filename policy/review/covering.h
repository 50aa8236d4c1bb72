// covering: what each rule reaches, and which rules reach all of the same, for policies of many rules and
// clients. Clients that no rule tells apart are one class, and a rule tells at most a few kinds of clients
// apart, so that nothing is kept for each rule and client. Pure once made; used by the warnings of `check`.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "policy/review/reach.h"

namespace sluice {

// Each is represented by a client, by index in the configuration.
class ClientClasses {
 public:
  explicit ClientClasses(const CompiledPolicy& policy);

  size_t size() const { return clients_.size(); }
  size_t client(size_t index) const { return clients_[index]; }
  size_t class_of(size_t client) const { return classes_[client]; }

 private:
  void split(const Rule& rule);

  std::vector<uint32_t> clients_;  // by class: its representative
  std::vector<uint32_t> classes_;  // by client
};

// What one rule reaches of each operation.
class RuleReach {
 public:
  RuleReach(const Rule& rule, const ClientClasses& classes, const CompiledPolicy& policy);

  struct OfSlot {
    uint32_t slot;
    std::array<Reach, 4> by_kind;
  };
  // The operations of which it matches something, or of which its `not` speaks.
  const std::vector<OfSlot>& slots() const { return slots_; }
  // Of the requests of the operation by the client.
  const Reach& of(const OfSlot& slot, size_t client) const;
  // Those that the rule is about.
  std::vector<uint32_t> classes(const ClientClasses& classes) const;
  // What stands in its way when it matches nothing at all; nullopt when it matches something.
  std::optional<Obstacle> obstacle() const;
  // All clients are alike to it.
  bool speaks_to_everyone() const { return everyone_; }

 private:
  const Rule& rule_;
  std::vector<OfSlot> slots_;
  Obstacle last_ = Obstacle::kNone;
  bool matches_ = false, everyone_ = false;
};

// For each operation and class a rule, by index, that matches all of it.
class Cover {
 public:
  static constexpr uint32_t kNobody = std::numeric_limits<uint32_t>::max();

  Cover(size_t slots, const ClientClasses& classes);
  // Keeps those added before.
  void add(uint32_t rule, const RuleReach& reach);
  // Of those before `end`; kNobody when there is none.
  uint32_t find(size_t slot, size_t index, uint32_t end = kNobody) const;
  // One that covers every class.
  uint32_t find_for_everyone(size_t slot, uint32_t end = kNobody) const;

 private:
  const ClientClasses& classes_;
  std::vector<uint32_t> everyone_;  // by slot
  std::vector<uint32_t> some_;      // by slot and class
};

}  // namespace sluice
