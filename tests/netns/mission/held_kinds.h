// SPDX-License-Identifier: Apache-2.0
//
// Lookups whose responses only the daemon can judge, by kinds, and the visit that follows each: a new name, and a connection to its
// address as soon as the response arrives. The name tells the world how to respond.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client.h"
#include "support/world.h"

namespace namegate::test {

// The kinds by the first letter of the name; the number after it gives the address.
//   m: more records than the kernel's limit   o: the CNAME after the address   f: fragments   t: truncated, then TCP
//   s: TCP at once, in small segments         l: 64 KB over TCP                d: five labels before a wildcard
//   c: a CNAME alone, whose target is looked up next
// and of those that the kernel decides:
//   x: one address over UDP
inline constexpr char kHeldKinds[] = "moftsldc";
// The largest kind fills a table with unused addresses: a test visits it less often by this factor.
inline constexpr unsigned kLargestEvery = 16;

// Allows DNS and what the kinds' names lead to, for every pod.
extern const char* const kHeldPolicy;

std::string held_name(char kind, unsigned index);
// The world's script: the responses to all of them; nothing for any other name.
std::optional<std::vector<WorldReply>> answer_held(const WorldQuestion& question);

struct Visits {
    unsigned made = 0;
    unsigned unanswered = 0;
    unsigned lost = 0;    // succeeded only after the first packet was sent again
    unsigned denied = 0;  // did not succeed

    unsigned failed() const { return unanswered + lost + denied; }
    void add(const Visits& other);
};
using VisitsByKind = std::map<char, Visits>;

std::optional<Answer> look_up_held(const Question& question, char kind);
// In the caller's namespace. `number` varies the family of the address and of the path to the server.
void visit_held(char kind, unsigned index, unsigned number, Visits& visits);

// Prints one line for each kind on stdout, and the sums.
Visits print_visits(const char* what, const VisitsByKind& kinds);

}  // namespace namegate::test
