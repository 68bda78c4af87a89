// SPDX-License-Identifier: Apache-2.0
//
// The providers of labels of this node, in the order in which they count: on one key the earlier one wins. A provider that does not
// know the endpoint adds nothing. Nobody is asked after one that cannot answer yet: what it would say is unknown (S8), and goes
// before what they say. Owns the providers. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "endpoints/record.h"
#include "labels/provider.h"

namespace namegate::labels {

struct ResolvedLabels {
    Labels labels;        // merged
    bool known = false;   // a provider knows the endpoint
    std::string missing;  // not empty: what a provider waits for, so that there may be more labels
};

class ProviderSet {
  public:
    // `order`: the names that the configuration lists, for any endpoint; nothing: the default order of each kind of endpoint.
    ProviderSet(const std::optional<std::vector<std::string>>& order, ProviderSettings settings);
    // For tests and for providers that no configuration names: exactly these, for any endpoint.
    explicit ProviderSet(std::vector<std::unique_ptr<Provider>> providers);

    // kExhausted: more than endpoints::kMaxRecordLabels.
    Result<ResolvedLabels> resolve(const endpoints::Record& record) const;
    // The first that counts for this endpoint, must be asked, and has not answered. Null: there is none.
    Provider* next_to_ask(const endpoints::Record& record) const;
    // Those that may have to be asked for some endpoint.
    std::vector<Provider*> to_be_asked() const;

  private:
    std::vector<Provider*> of(const endpoints::Record& record) const;

    std::vector<std::unique_ptr<Provider>> providers_;
    std::optional<std::vector<std::string>> order_;
    bool all_ = false;
};

// Asks in this process, and blocks for at most `timeout`. Nothing: `give_up`, which is called every tenth of a second, said so.
// An endpoint that the provider does not know has no labels. kTryAgain: the provider does not tell, and why.
Result<std::optional<Labels>> ask_and_wait(Provider& provider, const endpoints::Record& record, std::chrono::milliseconds timeout,
                                           const std::function<bool()>& give_up);

}  // namespace namegate::labels
