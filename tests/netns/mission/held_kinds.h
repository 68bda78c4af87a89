// SPDX-License-Identifier: Apache-2.0
//
// Lookups whose answers only the daemon can judge, by kinds, and the visit that follows each: a name nobody asked for
// before, and a connection to its address the moment the answer is there. The name tells the world what to answer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client.h"
#include "support/world.h"

namespace namegate::test {

// The kinds by the first letter of the name; the number behind it tells the address.
//   m: more records than the kernel takes   o: the CNAME behind the address   f: fragments   t: truncated, then TCP
//   s: TCP at once, in small segments       l: 64 KB over TCP                 d: five labels before a wildcard
//   c: a CNAME alone, whose target is asked for next
// and of those that the kernel decides:
//   x: one address over UDP
inline constexpr char kHeldKinds[] = "moftsldc";
// The largest kind fills a table with addresses that nobody uses: a test visits it this much more seldom.
inline constexpr unsigned kLargestEvery = 16;

// Allows DNS and what the kinds' names lead to, to every pod.
extern const char* const kHeldPolicy;

std::string held_name(char kind, unsigned index);
// The world's script: the answers to them all; nothing for a name that is none of them.
std::optional<std::vector<WorldReply>> answer_held(const WorldQuestion& question);

struct Visits {
    unsigned made = 0;
    unsigned unanswered = 0;
    unsigned lost = 0;    // came about only after the first packet was sent again
    unsigned denied = 0;  // did not come about

    unsigned failed() const { return unanswered + lost + denied; }
    void add(const Visits& other);
};
using VisitsByKind = std::map<char, Visits>;

std::optional<Answer> look_up_held(const Question& question, char kind);
// In the caller's namespace. `number` varies the family of the address and of the way to the server.
void visit_held(char kind, unsigned index, unsigned number, Visits& visits);

// One line for each kind on stdout, and what they come to.
Visits print_visits(const char* what, const VisitsByKind& kinds);

}  // namespace namegate::test
