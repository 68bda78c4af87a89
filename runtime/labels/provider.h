// SPDX-License-Identifier: Apache-2.0
//
// A provider of labels: something that knows the own labels of an endpoint. Each has a folder here, and one line in registry.cc.
// Some know at once (from the endpoint's record, or from documents); others have to be asked, and answer later. What a
// provider answered stands in the record, under its name, so that it outlives the process and the daemon's restart.
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

namespace namegate::labels {

using endpoints::Labels;

class Provider {
  public:
    // Nothing: the provider answers, and does not know the endpoint.
    using Answer = Result<std::optional<Labels>>;
    using Done = std::function<void(Answer)>;
    using Changed = std::function<void(const std::string& container_id, const std::string& ifname)>;

    Provider() = default;
    virtual ~Provider() = default;
    Provider(const Provider&) = delete;
    Provider& operator=(const Provider&) = delete;
    Provider(Provider&&) = delete;
    Provider& operator=(Provider&&) = delete;

    virtual std::string_view name() const = 0;
    // What it says of the endpoint, as far as that is known in this process. kTryAgain: it was not asked yet, or has not answered.
    virtual Answer labels(const endpoints::Record& record) const = 0;

    // False: it cannot say anything on this node, for example because its service is not installed.
    virtual bool is_available() const { return true; }
    // Can it say something of an endpoint only after it was asked?
    virtual bool must_be_asked() const { return false; }

    // The rest is for providers that must be asked.
    //
    // Prepares for asking. Returns a descriptor that is readable when work() has something to do; it stays the same.
    virtual Result<int> open() { return Error(Code::kUnsupported, "the label provider " + std::string(name()) + " is not asked"); }
    // `done` is called once, by work(), within `timeout`. kTryAgain: no answer; any other error: one that cannot be used.
    virtual void ask(const endpoints::Record& /*record*/, std::chrono::milliseconds /*timeout*/, Done /*done*/) {}
    virtual void work() {}
    // Blocks until there is something to do, and does it, for at most this long.
    virtual void wait(std::chrono::milliseconds /*time*/) {}
    // Called by work() when what the provider says of an endpoint is not what it answered before: it should be asked again.
    void set_observer(Changed changed) { changed_ = std::move(changed); }

  protected:
    void tell_changed(const std::string& container_id, const std::string& ifname) const {
        if (changed_) {
            changed_(container_id, ifname);
        }
    }

  private:
    Changed changed_;
};

// The labels of a dropped-in Pod document.
using FindPodLabels = std::function<std::optional<Labels>(std::string_view pod_namespace, std::string_view pod_name)>;

// What providers are made from.
struct ProviderSettings {
    std::optional<std::string> containerd_address;  // the path of its socket; none: where one is found
    std::string containerd_namespace;
    bool listed = false;  // the configuration names its providers, so each counts, whether it is found on the node or not
    FindPodLabels find_pod_labels;
};

}  // namespace namegate::labels
