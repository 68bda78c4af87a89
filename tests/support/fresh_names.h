// SPDX-License-Identifier: Apache-2.0
//
// New names, and the responses to them: World::fresh_name() makes them.
#pragma once

#include <optional>
#include <string>

#include "support/dns_message.h"
#include "support/world.h"

namespace namegate::test {

// With the question's name, type and id; without records yet.
DnsMessage start_answer(const WorldQuestion& question);

// `name`: the question's in lower case. Nothing: it is not a fresh name.
std::optional<Bytes> answer_fresh(const WorldQuestion& question, const std::string& name);

}  // namespace namegate::test
