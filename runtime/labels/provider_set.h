// SPDX-License-Identifier: Apache-2.0
//
// The label providers of this node, in order of precedence: if several provide the same key, annotation or name of a port, the first
// one wins. A provider that does not know the endpoint adds nothing, and one that knows all of it ends the list. The labels of providers
// after one that has not replied yet are not used: its labels are unknown (S8) and take precedence over theirs. Their annotations and ports
// are. Owns the providers. One thread.
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
    Labels annotations;                          // merged; those of ADD even if its provider is not used, because they are only for display
    std::optional<std::string> service_account;  // of the first provider that knows it; empty: the pod has none
    std::vector<std::string_view> sources;       // the providers that count for this endpoint, in order
};

class ProviderSet {
  public:
    // `order`: the names listed in the configuration, for all endpoints; empty: the default order for each kind of endpoint.
    ProviderSet(const std::optional<std::vector<std::string>>& order, ProviderSettings settings);
    // Uses exactly these providers for all endpoints. For tests, and for providers that a configuration cannot name.
    explicit ProviderSet(std::vector<std::unique_ptr<Provider>> providers);

    // Merges the descriptions. kExhausted: more than endpoints::kMaxRecordLabels.
    Result<Resolved> resolve(const endpoints::Record& record) const;
    // The labels of the endpoint's namespace, and of this service account in it, from the first provider that knows them. Null: none
    // does, or the policy folders have a document of it (`has_document`) and the provider `files` comes first.
    SharedLabels namespace_labels(const endpoints::Record& record, bool has_document) const;
    SharedLabels account_labels(const endpoints::Record& record, const std::string& account, bool has_document) const;
    // Why a namespace or service account may be unknown: the first provider's reason. Empty: only documents know them.
    std::string why_objects_unknown() const;
    // Copies into the record what changed at its providers since it was written. False: nothing.
    bool refresh(endpoints::Record& record) const;
    // The first provider used for this endpoint that must be asked and has not replied. Null: there is none.
    Provider* next_to_ask(const endpoints::Record& record) const;
    // The first provider used for this endpoint that gave up early and may tell something if it is asked again. Null: there is none.
    Provider* next_to_ask_again(const endpoints::Record& record) const;
    // All providers that must be asked, for any endpoint.
    std::vector<Provider*> to_be_asked() const;

  private:
    std::vector<Provider*> of(const endpoints::Record& record) const;
    template <typename Ask>
    SharedLabels first_labels(const endpoints::Record& record, bool has_document, const Ask& ask) const;

    std::vector<std::unique_ptr<Provider>> providers_;
    std::optional<std::vector<std::string>> order_;
    bool has_api_server_ = false;
};

// Asks the provider and blocks until it replies, for at most `timeout`. Empty: there is nothing to be stored, or `give_up`, which is
// called every 0.1 s, returned true. kTryAgain: the provider did not return labels; the message says why.
Result<std::optional<Description>> ask_and_wait(Provider& provider, const endpoints::Record& record, std::chrono::milliseconds timeout,
                                                const std::function<bool()>& give_up);

}  // namespace namegate::labels
