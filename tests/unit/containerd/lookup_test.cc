// SPDX-License-Identifier: Apache-2.0
#include "containerd/lookup.h"

#include <catch2/catch.hpp>

using namegate::containerd::Lookup;
using namegate::containerd::lookups;

TEST_CASE("a sandbox is asked for by its id, in every namespace once") {
    CHECK(lookups("k8s.io", "0a1b") == std::vector<Lookup>{{"k8s.io", "0a1b"}, {"default", "0a1b"}});
    CHECK(lookups("mine", "0a1b") == std::vector<Lookup>{{"mine", "0a1b"}, {"k8s.io", "0a1b"}, {"default", "0a1b"}});
}

TEST_CASE("ctr puts the namespace before the container's id", "[C27]") {
    CHECK(lookups("k8s.io", "default-web").front() == Lookup{"default", "web"});
    CHECK(lookups("my-own", "my-own-web-1").front() == Lookup{"my-own", "web-1"});
    CHECK(lookups("k8s.io", "default-") == std::vector<Lookup>{{"k8s.io", "default-"}, {"default", "default-"}});
    CHECK(lookups("k8s.io", "defaultweb").front() == Lookup{"k8s.io", "defaultweb"});
}
