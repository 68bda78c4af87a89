// SPDX-License-Identifier: Apache-2.0
//
// The API server as a source of what the node knows: watches the pods of this node, the namespaces and the service accounts, each with
// a connection of its own, and writes them to the knowledge. Others may add watches. Owns the watches and the transport. One thread;
// nothing blocks, except reading credentials: the owner polls fd() and calls work().
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kubernetes/client/curl_transport.h"
#include "kubernetes/client/kind_watch.h"
#include "kubernetes/client/knowledge_sink.h"
#include "kubernetes/known/knowledge.h"

namespace namegate::kubernetes {

// How one of kBasicKinds is watched. `node`: the name that the API server has for this node.
Resource resource_of(Kind kind, const std::string& node);

class ApiSource {
  public:
    struct Settings {
        ReadCredentials read_credentials;
        std::string node;
        KindWatch::Random random;
        WatchTiming timing = {};
    };

    // The knowledge and the clock must outlive it.
    static Result<std::unique_ptr<ApiSource>> create(const Settings& settings, Knowledge& knowledge, const Clock& clock);

    // Readable when work() has something to do. The descriptor never changes.
    int fd() const { return transport_->fd(); }
    // Does what is due, and updates the knowledge. Call it once at the beginning too.
    void work();
    // Of all watches together: connected if each is, away if one is.
    WatchStatus status() const;
    // Of one of kBasicKinds.
    const WatchStatus& status(Kind kind) const { return kinds_[static_cast<std::size_t>(kind)]->watch.status(); }
    // Watches a resource besides the kinds of the knowledge, until remove_watch(). The sink must outlive the watch. status() has it too.
    const KindWatch& add_watch(Resource resource, ObjectSink& sink);
    // Not from a call of the watch's own sink.
    void remove_watch(const KindWatch& watch);
    // For other requests.
    Transport& transport() { return *transport_; }
    // "https://10.0.0.1:6443"; empty: the credentials could never be read.
    const std::string& server() const { return transport_->server(); }

  private:
    struct WatchedKind {
        WatchedKind(Kind kind, const Settings& settings, Transport& transport, Knowledge& knowledge, const Clock& clock)
            : sink(kind, knowledge), watch(resource_of(kind, settings.node), transport, sink, clock, settings.random, settings.timing) {}
        KnowledgeSink sink;
        KindWatch watch;
    };

    ApiSource(std::unique_ptr<CurlTransport> transport, Settings settings, Knowledge& knowledge, const Clock& clock)
        : transport_(std::move(transport)), settings_(std::move(settings)), knowledge_(knowledge), clock_(clock) {}
    // Of the knowledge's kinds, and those that were added.
    template <typename Visit>
    void for_each_watch(const Visit& visit) const;

    std::unique_ptr<CurlTransport> transport_;
    const Settings settings_;
    Knowledge& knowledge_;
    const Clock& clock_;
    std::vector<std::unique_ptr<WatchedKind>> kinds_;  // in the order of kBasicKinds
    std::vector<std::unique_ptr<KindWatch>> added_;
};

}  // namespace namegate::kubernetes
