// SPDX-License-Identifier: Apache-2.0
//
// A label provider: a source of what an endpoint itself has, its labels, annotations and named ports (endpoints/description.h). Each
// has a folder here and one line in registry.h. Some know them at once (from the endpoint's record, or from documents); others must
// be asked and reply later. Their reply is stored in the endpoint's record under the provider's name, so that it outlives the process.
// One thread. Functions do not block, except wait().
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "endpoints/record.h"

namespace namegate::kubernetes {
class Knowledge;
}

namespace namegate::labels {

using endpoints::Description;
using endpoints::Labels;
using SharedLabels = std::shared_ptr<const Labels>;

class Provider {
  public:
    // Empty: the provider does not know the endpoint.
    using Reply = Result<std::optional<Description>>;
    using Done = std::function<void(Reply)>;
    using Changed = std::function<void(const std::string& container_id, const std::string& ifname)>;

    Provider() = default;
    virtual ~Provider() = default;
    Provider(const Provider&) = delete;
    Provider& operator=(const Provider&) = delete;
    Provider(Provider&&) = delete;
    Provider& operator=(Provider&&) = delete;

    virtual std::string_view name() const = 0;
    // What is known of the endpoint in this process. kTryAgain: the provider was not asked or has not replied.
    virtual Reply describe(const endpoints::Record& record) const = 0;

    // False: the provider cannot be used on this node, for example because its service is not installed.
    virtual bool is_available() const { return true; }
    // Whether it knows the labels of an endpoint only after it was asked.
    virtual bool must_be_asked() const { return false; }
    // Whether asking now may tell more about this endpoint than describe() does.
    virtual bool should_be_asked(const endpoints::Record& record) const {
        return must_be_asked() && record.description_of(name()) == nullptr;
    }
    // Whether the provider, asked once more, may still tell something of an endpoint for which it gave up before the time was over.
    virtual bool may_be_asked_again(const endpoints::Record& /*record*/) const { return false; }
    // Whether what it says of an endpoint is all that there is, so that later providers add nothing.
    virtual bool is_complete() const { return false; }
    // Why describe() does not know an endpoint that the provider should know. Empty: there is no reason that anybody could remove.
    virtual std::string why_unknown(const endpoints::Record& /*record*/) const { return {}; }
    // The same of namespaces and service accounts: why those are unknown that it does not know.
    virtual std::string why_objects_unknown() const { return {}; }
    // What it knows now of an endpoint that changes, to be stored in its record. Empty: the record has the last that is known.
    virtual std::optional<Description> newest(const endpoints::Record& /*record*/) const { return std::nullopt; }
    // The labels of a namespace and of a service account. Null: not known.
    virtual SharedLabels namespace_labels(const std::string& /*name_space*/) const { return nullptr; }
    virtual SharedLabels account_labels(const std::string& /*name_space*/, const std::string& /*name*/) const { return nullptr; }

    // The rest is for providers that must be asked.
    //
    // Prepares for ask(). Returns a descriptor that is readable when work() has something to do; further calls return the same one.
    virtual Result<int> open() {
        return Error(Code::kUnsupported, "the label provider " + std::string(name()) + " does not need to be asked");
    }
    // work() calls `done` once, within `timeout`. Empty: nothing is to be stored; describe() has what is known. kTryAgain: no reply; any
    // other error: an unusable reply.
    virtual void ask(const endpoints::Record& /*record*/, std::chrono::milliseconds /*timeout*/, const Done& /*done*/) {}
    // Handles what has arrived or timed out.
    virtual void work() {}
    // Blocks until there is something to do, at most for this time, and then does it.
    virtual void wait(std::chrono::milliseconds /*time*/) {}
    // work() calls it when an endpoint is no longer as the last reply says; the provider should be asked again.
    void set_observer(Changed changed) { changed_ = std::move(changed); }

  protected:
    void report_changed(const std::string& container_id, const std::string& ifname) const {
        if (changed_) {
            changed_(container_id, ifname);
        }
    }

  private:
    Changed changed_;
};

// What a Pod document in the policy folders says.
using FindPod = std::function<std::optional<Description>(std::string_view pod_namespace, std::string_view pod_name)>;

// The settings from which providers are created.
struct ProviderSettings {
    std::optional<std::string> containerd_address;  // the path of its socket; empty: search for it
    std::string containerd_namespace;
    bool listed = false;  // the configuration lists the providers, so each is used even if its service is not found on the node
    FindPod find_pod;
    // What is known of the API server; null: it is no source.
    std::shared_ptr<kubernetes::Knowledge> api_server;
};

}  // namespace namegate::labels
