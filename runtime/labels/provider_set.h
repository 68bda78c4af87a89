// SPDX-License-Identifier: Apache-2.0
//
// The label providers of this node, in order of precedence: if several provide the same key, annotation or name of a port, the first
// one wins. A provider that does not know the endpoint adds nothing. The labels of providers after one that has not replied yet are
// not used: its labels are unknown (S8) and take precedence over theirs. Their annotations and ports are. Owns the providers. One thread.
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

struct Resolved {
    Labels labels;        // merged
    bool known = false;   // at least one provider knows the labels
    std::string missing;  // not empty: why a provider's labels are missing; there may be more labels
    // Merged; each name has the ports of one provider.
    std::vector<NamedPort> ports;
    Labels annotations;  // merged; those of ADD even if its provider is not used, because they are only for display
};

class ProviderSet {
  public:
    // `order`: the names listed in the configuration, for all endpoints; empty: the default order for each kind of endpoint.
    ProviderSet(const std::optional<std::vector<std::string>>& order, ProviderSettings settings);
    // Uses exactly these providers for all endpoints. For tests, and for providers that a configuration cannot name.
    explicit ProviderSet(std::vector<std::unique_ptr<Provider>> providers);

    // Merges the descriptions. kExhausted: more than endpoints::kMaxRecordLabels.
    Result<Resolved> resolve(const endpoints::Record& record) const;
    // The first provider used for this endpoint that must be asked and has not replied. Null: there is none.
    Provider* next_to_ask(const endpoints::Record& record) const;
    // All providers that must be asked, for any endpoint.
    std::vector<Provider*> to_be_asked() const;

  private:
    std::vector<Provider*> of(const endpoints::Record& record) const;

    std::vector<std::unique_ptr<Provider>> providers_;
    std::optional<std::vector<std::string>> order_;
};

// Asks the provider and blocks until it replies, for at most `timeout`. If it does not know the endpoint, or not its labels, there are
// none. Empty: `give_up`, which is called every 0.1 s, returned true. kTryAgain: the provider did not return labels; the message says why.
Result<std::optional<Description>> ask_and_wait(Provider& provider, const endpoints::Record& record, std::chrono::milliseconds timeout,
                                                const std::function<bool()>& give_up);

// What is stored of a provider's reply: a provider that was asked and knows no labels counts as one that gives none.
Description answered(std::optional<Description> reply);

}  // namespace namegate::labels
