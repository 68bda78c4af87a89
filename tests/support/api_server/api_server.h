// SPDX-License-Identifier: Apache-2.0
//
// An API server for tests: HTTPS on the loopback, list with pages and watch with resource versions and bookmarks, for any kind of
// object, as the public API conventions describe them. It can also behave as servers do on a bad day. Objects are changed by the test.
// Safe from any thread; errors in the set-up throw.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "support/api_server/certificates.h"
#include "support/api_server/object_history.h"
#include "support/api_server/tls_connection.h"

namespace namegate::test {

inline constexpr const char* kPods = "pods";
inline constexpr const char* kNamespaces = "namespaces";
inline constexpr const char* kServiceAccounts = "serviceaccounts";
inline constexpr const char* kServices = "services";
inline constexpr const char* kEndpointSlices = "discovery.k8s.io/v1/endpointslices";
// Kinds of other groups have these in their names.
inline constexpr const char* kNetworkPolicies = "networking.k8s.io/v1/networkpolicies";

// Objects as a cluster has them. `more` is merged into the object.
Json namespace_object(const std::string& name, const Json& labels);
Json account_object(const std::string& name_space, const std::string& name, const Json& labels);
Json pod_object(const std::string& node, const std::string& name_space, const std::string& name, const std::string& uid, const Json& labels,
                const Json& more = Json::object());

// `ports`: [{"name": "db", "protocol": "TCP", "port": 5432}].
Json service_object(const std::string& name_space, const std::string& name, const std::vector<std::string>& addresses, const Json& ports);
struct SlicePod {
    std::string name;
    std::string address;
    bool ready = true;
};
Json slice_object(const std::string& name_space, const std::string& service, const std::string& suffix, const Json& ports,
                  const std::vector<SlicePod>& pods);

class ApiServer {
  public:
    ApiServer();
    ~ApiServer();
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;
    ApiServer(ApiServer&&) = delete;
    ApiServer& operator=(ApiServer&&) = delete;

    std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
    std::string authority_pem() const { return authority_.pem(); }
    Certificate client_certificate() const { return authority_.issue("system:node", ""); }
    // A kubeconfig with this token, or with the client's certificate if it is empty. Returns the path.
    std::string write_kubeconfig(const std::string& folder, const std::string& token) const;

    // Objects. The kind is "pods", or for another group "GROUP/VERSION/RESOURCE".
    void put(const std::string& kind, const Json& object);
    void remove(const std::string& kind, const std::string& name_space, const std::string& name);
    void set_labels(const std::string& kind, const std::string& name_space, const std::string& name, const Json& labels);

    std::optional<Json> find(const std::string& kind, const std::string& name_space, const std::string& name) const;
    // The resources of a group that the server has: none at first, and then the group is not found. "networking.k8s.io/v1"
    void serve_group(const std::string& version, const std::vector<std::string>& resources);

    // Behaviour.
    void accept_token(const std::string& token);                       // and no other; empty: a client certificate is enough
    void set_page_limit(std::size_t objects);                          // fewer than the client asks for
    void set_delay(std::chrono::milliseconds delay);                   // before each reply, and before each event
    void set_bookmarks(std::chrono::milliseconds every);               // 0: none
    void set_status(int status);                                       // of each reply; 200: as it should be
    void set_status_of(const std::string& kind, int status);           // likewise, of requests for this kind, or of this group
    void expire_in_events(bool in_events);                             // tell of compacted changes by an event, not by the status
    void compact();                                                    // forgets all changes: 410 for older versions
    void send_raw(const std::string& kind, const std::string& bytes);  // into the watches of the kind
    void use_other_certificate();                                      // of an authority that no client trusts
    void drop_connections();
    void stop();   // nobody listens
    void start();  // on the same port

    // What clients did.
    std::size_t lists(const std::string& kind) const { return count("list " + kind); }
    std::size_t watches(const std::string& kind) const { return count("watch " + kind); }
    std::size_t open_watches() const { return open_watches_; }
    std::size_t connections() const { return connections_; }
    std::vector<ReceivedRequest> requests() const;
    std::uint64_t version() const;

  private:
    // What the path of a request names.
    struct Target {
        std::string kind;  // or the version of the group, if `is_group`
        bool is_group = false;
        std::string name_space;
        std::string name;  // empty: all objects
        std::string subresource;
    };
    static Target target_of(const std::string& path);

    struct Settings {
        std::string token;
        std::size_t page_limit = 1'000'000;
        std::chrono::milliseconds delay{0};
        std::chrono::milliseconds bookmarks{0};
        int status = 200;
        std::map<std::string, int> status_of;  // by kind or version
        bool expire_in_events = true;
    };

    std::size_t count(const std::string& what) const;
    void use_certificate(const Authority& authority);
    void accept_clients();
    void serve(TlsConnection& connection);
    bool answer(TlsConnection& connection, const ReceivedRequest& request);
    bool is_served(const std::string& kind) const;
    bool answer_group(TlsConnection& connection, const std::string& version);
    bool answer_object(TlsConnection& connection, const ReceivedRequest& request, const Target& target);
    bool answer_list(TlsConnection& connection, const std::string& kind, const ReceivedRequest& request);
    bool answer_watch(TlsConnection& connection, const std::string& kind, const ReceivedRequest& request);
    bool follow(TlsConnection& connection, const std::string& kind, const ReceivedRequest& request, std::uint64_t version);
    void pause() const;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Authority authority_{"test authority"};
    Authority other_authority_{"another authority"};
    SSL_CTX* context_;
    std::map<std::string, ObjectHistory> kinds_;
    std::map<std::string, std::vector<std::string>> groups_{{"discovery.k8s.io/v1", {"endpointslices"}}};
    std::uint64_t version_ = 1;
    Settings settings_;
    std::map<std::string, std::size_t> counts_;
    std::vector<ReceivedRequest> requests_;
    std::atomic<std::size_t> open_watches_ = 0;
    std::atomic<std::size_t> connections_ = 0;
    std::uint16_t port_ = 0;
    Fd listener_;
    std::atomic<bool> stopping_ = false;
    std::uint64_t dropped_ = 0;  // raised to end the watches
    std::thread acceptor_;
    std::list<std::shared_ptr<TlsConnection>> clients_;
    std::vector<std::thread> threads_;
};

}  // namespace namegate::test
