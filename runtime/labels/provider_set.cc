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

// Adds the ports whose names no earlier provider gave.
void add_ports(const std::vector<NamedPort>& own, std::vector<NamedPort>& out) {
    const std::vector<NamedPort> given = out;
    for (const NamedPort& port : own) {
        if (std::none_of(given.begin(), given.end(), [&](const NamedPort& one) { return one.name == port.name; })) {
            out.push_back(port);
        }
    }
}

// Adds what a provider says. Its labels do not replace those of an earlier one, and do not count after one whose labels are missing.
void add(const Description& described, Resolved& out) {
    add_ports(described.ports, out.ports);
    out.annotations.insert(described.annotations.begin(), described.annotations.end());
    if (!out.service_account) {
        out.service_account = described.service_account;
    }
    if (described.labels && out.missing.empty()) {
        out.known = true;
        out.labels.insert(described.labels->begin(), described.labels->end());
    }
}

// Keeps the first reason.
void add_reason(const std::string& place, const std::string& reason, std::string& out) {
    if (out.empty() && !reason.empty()) {
        out = place + ": " + reason;
    }
}

}  // namespace

ProviderSet::ProviderSet(const std::optional<std::vector<std::string>>& order, ProviderSettings settings)
    : order_(order), has_api_server_(settings.api_server != nullptr) {
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
    for (const std::string& name : order_ ? *order_ : default_order(record.kubernetes, has_api_server_)) {
        const auto found = std::find_if(providers_.begin(), providers_.end(), [&name](const auto& one) { return one->name() == name; });
        if (found != providers_.end() && (record.description_of(name) != nullptr || (*found)->is_available())) {
            out.push_back(found->get());
        }
    }
    return out;
}

Result<Resolved> ProviderSet::resolve(const endpoints::Record& record) const {
    Resolved out;
    std::string why;
    for (const Provider* provider : of(record)) {
        out.sources.push_back(provider->name());
        const auto place = "label source \"" + std::string(provider->name()) + "\"";
        const Provider::Reply own = provider->describe(record);
        if (!own) {
            const Error error = own.error().with_context(place);
            if (!out.missing.empty()) {
                continue;
            }
            if (error.code() != Code::kTryAgain) {
                return error;
            }
            out.missing = error.message();
            continue;
        }
        if (!own->has_value()) {
            add_reason(place, provider->why_unknown(record), why);
            continue;
        }
        add(**own, out);
        if (out.labels.size() > endpoints::kMaxRecordLabels) {
            return Error(Code::kExhausted, "more than " + std::to_string(endpoints::kMaxRecordLabels) + " labels, the last from " + place);
        }
        if (provider->is_complete() && (*own)->labels) {
            break;
        }
    }
    out.known = out.known && out.missing.empty();
    out.missing = !out.known && out.missing.empty() ? why : out.missing;
    if (const Description* args = record.description_of(kCniArgs); args != nullptr) {
        out.annotations.insert(args->annotations.begin(), args->annotations.end());
    }
    out.annotations = endpoints::keep_annotations(out.annotations);
    return out;
}

Provider* ProviderSet::next_to_ask(const endpoints::Record& record) const {
    for (Provider* provider : of(record)) {
        if (provider->should_be_asked(record)) {
            return provider;
        }
        if (const auto own = provider->describe(record); provider->is_complete() && own && *own && (*own)->labels) {
            break;  // what the others say does not count
        }
    }
    return nullptr;
}

Provider* ProviderSet::next_to_ask_again(const endpoints::Record& record) const {
    const auto providers = of(record);
    const auto found =
        std::find_if(providers.begin(), providers.end(), [&](const Provider* one) { return one->may_be_asked_again(record); });
    return found == providers.end() ? nullptr : *found;
}

bool ProviderSet::refresh(endpoints::Record& record) const {
    bool changed = false;
    for (const Provider* provider : of(record)) {
        auto newest = provider->newest(record);
        if (!newest) {
            continue;
        }
        if (newest->service_account && *newest->service_account != record.service_account) {
            record.service_account = *newest->service_account;
            changed = true;
        }
        newest->service_account.reset();
        newest->annotations.clear();  // only for display
        Description& known = record.described[std::string(provider->name())];
        if (known != *newest) {
            known = std::move(*newest);
            changed = true;
        }
    }
    return changed;
}

template <typename Ask>
SharedLabels ProviderSet::first_labels(const endpoints::Record& record, bool has_document, const Ask& ask) const {
    for (const Provider* provider : of(record)) {
        if (has_document && provider->name() == kFiles) {
            return nullptr;
        }
        if (SharedLabels found = ask(*provider)) {
            return found;
        }
    }
    return nullptr;
}

SharedLabels ProviderSet::namespace_labels(const endpoints::Record& record, bool has_document) const {
    return first_labels(record, has_document, [&](const Provider& one) { return one.namespace_labels(record.pod_namespace); });
}

SharedLabels ProviderSet::account_labels(const endpoints::Record& record, const std::string& account, bool has_document) const {
    return first_labels(record, has_document, [&](const Provider& one) { return one.account_labels(record.pod_namespace, account); });
}

std::string ProviderSet::why_objects_unknown() const {
    for (const auto& provider : providers_) {
        if (std::string why = provider->why_objects_unknown(); !why.empty()) {
            return why;
        }
    }
    return {};
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

Result<std::optional<Description>> ask_and_wait(Provider& provider, const endpoints::Record& record, std::chrono::milliseconds timeout,
                                                const std::function<bool()>& give_up) {
    NG_TRY(provider.open());
    std::optional<Provider::Reply> reply;
    provider.ask(record, timeout, [&reply](Provider::Reply received) { reply = std::move(received); });
    auto next_poll = std::chrono::steady_clock::now() + kPoll;
    while (!reply) {
        provider.wait(kPoll);
        if (!reply && std::chrono::steady_clock::now() >= next_poll) {
            if (give_up()) {
                return std::optional<Description>();
            }
            next_poll = std::chrono::steady_clock::now() + kPoll;
        }
    }
    if (!*reply) {
        // Whatever the error is, the provider may return labels later.
        return Error(Code::kTryAgain, reply->error().message());
    }
    return std::move(**reply);
}

}  // namespace namegate::labels
