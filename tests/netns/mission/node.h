// SPDX-License-Identifier: Apache-2.0
//
// A node with namegate installed: separate folders, the real plugin called as a container runtime calls it, the real daemon as a
// process. `state()` lists as text everything that pods leave on a node, so that "nothing left behind" is one comparison. One
// thread; errors of the test itself throw.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "client.h"
#include "process.h"
#include "support/netns.h"
#include "support/temp_dir.h"

namespace namegate::test {

inline constexpr const char* kPods4 = "10.88.0.0/16";
inline constexpr const char* kPods6 = "fd88::/64";

struct PodSpec {
    std::string name;
    std::string name_space = "default";
    std::map<std::string, std::string> labels;
    bool labels_known = true;  // else the runtime passes none, as kubelet's does not
};

struct CniReply {
    int status = -1;
    nlohmann::json output;  // null when nothing was printed
    std::string errors;     // stderr

    std::string text() const { return "status " + std::to_string(status) + ": " + output.dump() + "\n" + errors; }
};

// A container before and after its ADD: the namespace lives as long as the object.
struct Pod {
    explicit Pod(PodSpec what) : spec(std::move(what)), id(spec.name_space + "-" + spec.name) {}

    PodSpec spec;
    std::string id;  // of the container
    TestNetns netns;
    IpAddress v4;
    IpAddress v6;
    std::string host_ifname;
    nlohmann::json result;  // of its ADD
};

// The programs of one build.
struct Build {
    std::string plugin = NAMEGATE_PLUGIN;
    std::string daemon = NAMEGATE_DAEMON;
};

// Shorthand for what most tests do.
std::optional<Answer> resolve(const Pod& pod, const std::string& name, std::uint16_t type = kTypeA);
// Looks the name up and connects: the usual work of a pod. False when either fails.
bool reaches(const Pod& pod, const std::string& name, Milliseconds most = kBeforeRepeat);

class Node {
  public:
    // Extra lines for namegate.yaml.
    explicit Node(const std::string& settings = "");
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    Node(Node&&) = delete;
    Node& operator=(Node&&) = delete;

    // The programs that are called and started from now on; running ones are not touched.
    void install(const Build& build) { build_ = build; }

    // Addresses of pods added from now on are translated on their way out.
    void masquerade() { masquerade_ = true; }

    // By rename.
    void write_policy(const std::string& file, const std::string& content) const;
    void remove_policy(const std::string& file) const;

    std::unique_ptr<Pod> add(const PodSpec& spec) const;
    void remove(const Pod& pod) const;
    // Fills in the pod's addresses when an ADD succeeds.
    CniReply call(const std::string& command, Pod& pod) const;
    CniReply call(const std::string& command, const Pod& pod) const;
    // The same without waiting.
    std::unique_ptr<Process> start(const std::string& command, const Pod& pod, const std::string& files) const;
    static CniReply reply_of(const std::string& files, int status);

    // Waits until it replies.
    void start_daemon();
    // Does not wait, and kills it after this time. False when it had ended by itself.
    bool start_and_kill_daemon(Milliseconds moment);
    void kill_daemon();  // SIGKILL
    void stop_daemon();  // SIGTERM, and a clean exit
    Process* daemon() { return daemon_.get(); }
    std::optional<nlohmann::json> ask_daemon(const std::string& command, const nlohmann::json& arguments = nlohmann::json::object()) const;
    std::string daemon_log() const;

    // What pods have left; empty if nothing.
    std::string state() const;
    // The number of pins of each kind.
    std::string pins() const;
    const std::string& folder() const { return directory_.path(); }
    const std::string& bpffs() const { return bpffs_; }

  private:
    std::string config_for(const std::string& command, const Pod& pod) const;
    void launch_daemon();

    TempDir directory_;
    std::string bpffs_;
    Build build_;
    bool masquerade_ = false;
    std::unique_ptr<Process> daemon_;
};

}  // namespace namegate::test
