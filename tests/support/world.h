// SPDX-License-Identifier: Apache-2.0
//
// The world outside a private node: a network namespace behind an uplink with DNS servers whose responses the test defines, over UDP
// and TCP, and a TCP and UDP echo server on every address of two whole prefixes. One thread serves everything; the public functions
// may be called from any thread. The constructor throws when something cannot be made. The namespace and the uplink are removed with
// the object.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"
#include "support/dns_message.h"
#include "support/netns.h"

namespace namegate::test {

inline constexpr const char* kNodeAddress4 = "192.0.2.1";
inline constexpr const char* kNodeAddress6 = "2001:db8::1";
// The servers that the node trusts, and a machine beside them that it does not trust.
inline constexpr const char* kServer4 = "192.0.2.53";
inline constexpr const char* kServer6 = "2001:db8::53";
inline constexpr const char* kOtherServer4 = "192.0.2.54";
inline constexpr const char* kOtherServer6 = "2001:db8::54";
inline constexpr std::uint16_t kOtherDnsPort = 5353;
// Where the world listens.
inline constexpr std::uint16_t kTcpPort = 443;
inline constexpr std::uint16_t kUdpPort = 7;

struct WorldQuestion {
    Bytes message;
    std::string name;  // as in the query
    std::uint16_t id = 0;
    std::uint16_t type = 0;
    bool tcp = false;
};

enum class AnswerFrom { kServer, kOtherServer, kOtherPort };

struct WorldReply {
    AnswerFrom from = AnswerFrom::kServer;
    Bytes message;
    std::size_t piece = 0;  // over TCP: bytes of a segment; 0: the kernel decides
};

class World {
  public:
    // Called first. When it returns nothing, the defined names are used.
    using Script = std::function<std::optional<std::vector<WorldReply>>(const WorldQuestion&)>;

    // `pods4` and `pods6`: the prefixes behind the node.
    World(const std::string& pods4, const std::string& pods6);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    World(World&&) = delete;
    World& operator=(World&&) = delete;

    const TestNetns& netns() const { return netns_; }

    void set_name(const std::string& name, const std::vector<std::string>& addresses, std::uint32_t ttl = 60);
    void set_alias(const std::string& name, const std::string& target);
    void set_script(Script script);

    // Names that need no definition: "f<index>x<chain>.<suffix>" has the address of its index, behind <chain> CNAMEs to
    // "t<index>-<k>.cdn.<suffix>".
    static std::string fresh_name(unsigned index, unsigned chain, std::string_view suffix);
    static IpAddress fresh_address(unsigned index, bool v6);
    // An index that no test has used.
    static unsigned take_indexes(unsigned count);

    std::uint64_t questions() const { return questions_; }
    std::uint64_t connections() const { return connections_; }
    // Whether a UDP datagram with this content reached the echo server.
    bool heard(const std::string& content) const;

  private:
    struct Names {
        std::vector<IpAddress> addresses;
        std::string alias;
        std::uint32_t ttl = 60;
    };
    // A listening socket, with its family and role.
    struct DnsSocket {
        Fd fd;
        bool v6;
        AnswerFrom role;
    };

    void make_network(const std::string& pods4, const std::string& pods6) const;
    void open_sockets();
    void open_dns(const char* address, std::uint16_t port, AnswerFrom role);
    void open_dns_tcp(const char* address);
    void watch(int fd) const;
    void serve();
    void serve_dns(const DnsSocket& socket);
    void serve_accept();
    void serve_dns_accept(int listener);
    void serve_dns_stream(int fd);
    void serve_udp();
    void serve_connection(int fd);
    const DnsSocket* find_socket(bool v6, AnswerFrom role) const;
    std::vector<WorldReply> answer(const WorldQuestion& question) const;
    Bytes answer_from_names(const WorldQuestion& question) const;

    TestNetns netns_;
    std::vector<DnsSocket> dns_;
    Fd tcp_;
    Fd udp_;
    Fd poll_;
    Fd stop_;
    std::map<int, Fd> accepted_;
    std::map<int, Fd> dns_listeners_;
    std::map<int, Fd> dns_streams_;
    std::map<int, Bytes> dns_read_;  // of each stream, not yet a complete query
    std::atomic<std::uint64_t> questions_{0};
    std::atomic<std::uint64_t> connections_{0};
    mutable std::mutex mutex_;  // protects the three below
    std::map<std::string, Names> names_;
    Script script_;
    std::set<std::string> heard_;
    std::thread thread_;
};

}  // namespace namegate::test
