// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/degraded.h"

#include <catch2/catch.hpp>

using namespace namegate::daemon;

TEST_CASE("endpoints that keep their last policy for one reason share a line, others have their own") {
    const std::string unknown = "it is not known whether GlobalNetworkPolicy a selects the pod; no label source knows the labels of pod ";
    std::vector<EndpointError> errors = {{"shop/cart", unknown + "shop/cart: set labelSources"}, {"shop/api", "too many rules"}};
    CHECK(fold_endpoint_errors({}).empty());
    CHECK(fold_endpoint_errors(errors) ==
          std::vector<std::string>{"endpoint shop/cart keeps its last policy: " + unknown + "shop/cart: set labelSources",
                                   "endpoint shop/api keeps its last policy: too many rules"});
    for (int i = 0; i < 9; ++i) {
        const std::string name = "shop/pod-" + std::to_string(i);
        errors.push_back({name, unknown + name + ": set labelSources"});
    }
    CHECK(fold_endpoint_errors(errors) ==
          std::vector<std::string>{
              "10 endpoints keep their last policy (shop/cart, shop/pod-0, shop/pod-1, shop/pod-2, shop/pod-3, shop/pod-4, shop/pod-5, "
              "shop/pod-6 and 2 more): it is not known whether GlobalNetworkPolicy a selects the pod; no label source knows the labels of "
              "the pod: set labelSources",
              "endpoint shop/api keeps its last policy: too many rules"});
}
