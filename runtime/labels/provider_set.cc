// SPDX-License-Identifier: Apache-2.0
#include "labels/provider_set.h"

#include <algorithm>
#include <utility>

#include "labels/registry.h"

namespace namegate::labels {

namespace {

constexpr std::chrono::milliseconds kPoll{100};

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

ProviderSet::ProviderSet(const std::optional<std::vector<std::string>>& order, ProviderSettings settings) : order_(order) {
    settings.listed = order_.has_value();
    for (const Registration& one : kRegistrations) {
        if (!order_ || contains(*order_, one.name)) {
            providers_.push_back(one.make(settings));
        }
    }
}

ProviderSet::ProviderSet(std::vector<std::unique_ptr<Provider>> providers) : providers_(std::move(providers)), order_(std::in_place) {
    for (const auto& provider : providers_) {
        order_->emplace_back(provider->name());
    }
}

std::vector<Provider*> ProviderSet::of(const endpoints::Record& record) const {
    std::vector<Provider*> out;
    for (const std::string& name : order_ ? *order_ : default_order(record.kubernetes)) {
        const auto found = std::find_if(providers_.begin(), providers_.end(), [&name](const auto& one) { return one->name() == name; });
        if (found != providers_.end() && (record.labels_of(name) != nullptr || (*found)->is_available())) {
            out.push_back(found->get());
        }
    }
    return out;
}

Result<ResolvedLabels> ProviderSet::resolve(const endpoints::Record& record) const {
    ResolvedLabels out;
    for (const Provider* provider : of(record)) {
        const auto place = "label source \"" + std::string(provider->name()) + "\"";
        const Provider::Reply own = provider->labels(record);
        if (!own) {
            const Error error = own.error().with_context(place);
            if (error.code() != Code::kTryAgain) {
                return error;
            }
            out.known = false;
            out.missing = error.message();
            return out;
        }
        if (own->has_value()) {
            out.known = true;
            out.labels.insert((*own)->begin(), (*own)->end());  // does not replace labels of an earlier provider
        }
        if (out.labels.size() > endpoints::kMaxRecordLabels) {
            return Error(Code::kExhausted, "more than " + std::to_string(endpoints::kMaxRecordLabels) + " labels, the last from " + place);
        }
    }
    return out;
}

Provider* ProviderSet::next_to_ask(const endpoints::Record& record) const {
    for (Provider* provider : of(record)) {
        if (provider->must_be_asked() && record.labels_of(provider->name()) == nullptr) {
            return provider;
        }
    }
    return nullptr;
}

std::vector<Provider*> ProviderSet::to_be_asked() const {
    std::vector<Provider*> out;
    for (const auto& provider : providers_) {
        if (provider->must_be_asked()) {
            out.push_back(provider.get());
        }
    }
    return out;
}

Result<std::optional<Labels>> ask_and_wait(Provider& provider, const endpoints::Record& record, std::chrono::milliseconds timeout,
                                           const std::function<bool()>& give_up) {
    NG_TRY(provider.open());
    std::optional<Provider::Reply> reply;
    provider.ask(record, timeout, [&reply](Provider::Reply labels) { reply = std::move(labels); });
    auto next_poll = std::chrono::steady_clock::now() + kPoll;
    while (!reply) {
        provider.wait(kPoll);
        if (!reply && std::chrono::steady_clock::now() >= next_poll) {
            if (give_up()) {
                return std::optional<Labels>();
            }
            next_poll = std::chrono::steady_clock::now() + kPoll;
        }
    }
    if (!*reply) {
        // Whatever the error is, the provider may return labels later.
        return Error(Code::kTryAgain, reply->error().message());
    }
    return std::optional<Labels>((*reply)->value_or(Labels()));
}

}  // namespace namegate::labels
