// SPDX-License-Identifier: Apache-2.0
//
// The datapath of a node: maps and programs, loaded and verified once and pinned under
// <bpffs_dir>/v<ABI>/{maps,programs,links}; later processes only open the pins they need. A load is made
// in a folder beside and renamed into place, so that a crash leaves either nothing or everything.
// What another build left is taken over (docs/upgrade.md): its programs are replaced when the layout is the same, and its
// folder stays beside ours until every endpoint of it has come over when it is not.
// Owns the descriptors it opened. The caller holds the node lock around open() and around every writer of
// this folder; the object itself belongs to one thread. Errors of the verifier carry its log.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "datapath/bpf/abi.h"
#include "datapath/other_build.h"

namespace namegate::datapath {

enum class AttachMode { kAuto, kTcx, kClsact };

struct DatapathOptions {
    std::string bpffs_dir = "/sys/fs/bpf/namegate";
    std::uint32_t learnt_per_endpoint = NG_LEARNT_PER_ENDPOINT;
    std::uint32_t flows_per_endpoint = NG_FLOWS_PER_ENDPOINT;
    std::uint32_t spare_slots = 4;  // made ahead at load
    AttachMode attach = AttachMode::kAuto;
    // Put this build in the place of another. False for who is not alone: what is pinned then is used as it is, and is
    // kTryAgain when its layout is an older one.
    bool take_over = true;
};

// The maps of bpf/maps.def, in its order.
enum class MapId : std::uint8_t {
#define NG_MAP(id, ...) k##id,
#define NG_MAP_OF_MAPS(id, ...) k##id,
#define NG_RING(id, ...) k##id,
#include "datapath/bpf/maps.def"
#undef NG_MAP
#undef NG_MAP_OF_MAPS
#undef NG_RING
    kCount,
};
inline constexpr std::size_t kMapCount = static_cast<std::size_t>(MapId::kCount);

enum class ProgramId : std::uint8_t { kPodEgress, kPodIngress, kClockNow, kEmpty };
inline constexpr std::size_t kProgramCount = 4;

const char* map_name(MapId id);
const char* program_name(ProgramId id);

class Datapath {
  public:
    // Opens the pins, loading and pinning everything when there are none or some were lost. kUnsupported when a newer
    // build's programs are on interfaces of this node.
    static Result<std::unique_ptr<Datapath>> open(const DatapathOptions& options);
    ~Datapath() = default;
    Datapath(const Datapath&) = delete;
    Datapath& operator=(const Datapath&) = delete;
    Datapath(Datapath&&) = delete;
    Datapath& operator=(Datapath&&) = delete;

    // True when this open() loaded anew: every endpoint has to be attached and programmed again.
    bool fresh() const { return fresh_; }
    const DatapathOptions& options() const { return options_; }
    // Ok, or why the programs of another build with our layout are still in force.
    const Result<>& replaced() const { return replaced_; }
    // What older builds still enforce. Gone from here, and from the node, when they enforce nothing any more.
    const std::vector<OtherBuild>& older() const { return older_; }
    // Returns the interfaces that older builds are still on.
    Result<std::vector<std::string>> retire_older();
    // <bpffs_dir>/v<ABI>
    const std::string& folder() const { return folder_; }
    std::uint64_t seed() const { return meta_.seed; }
    std::uint32_t hz() const { return meta_.hz; }
    // By which the programs know a frame that the daemon puts back (abi.h).
    std::uint32_t held_mark() const { return meta_.held_mark; }

    // Are the pins there, and those that were opened here? False: another open() is due.
    bool is_pinned() const;
    // Cheaper, for who opened them a moment ago: is the set that is pinned still the one that was opened here?
    bool is_current() const;

    // Descriptors, opened on first use and kept.
    Result<int> map(MapId id);
    Result<int> program(ProgramId id);
    // The inner map of a slot in kLearnt, kFlows or kPending. kNotFound when the slot was never made.
    Result<Fd> inner_map(MapId outer, std::uint32_t slot);

    // Numbers that are never reused while the maps live.
    Result<std::uint32_t> next_endpoint_id();
    Result<std::uint32_t> next_policy_id();
    // What next_policy_id() will return, unless another process asks before.
    Result<std::uint32_t> upcoming_policy_id();

    // Detaches every link and removes the pins of this version: the datapath is gone.
    Result<> remove();

  private:
    explicit Datapath(DatapathOptions options);
    Result<> find_others();
    Result<ng_meta> first_meta() const;
    Result<> load();
    Result<> read_meta();
    Result<std::uint32_t> take_number(std::uint32_t ng_meta::*member);

    DatapathOptions options_;
    std::string folder_;
    bool fresh_ = false;
    Result<> replaced_ = ok();
    std::vector<OtherBuild> older_;
    ng_meta meta_{};
    std::array<Fd, kMapCount> maps_;
    std::array<Fd, kProgramCount> programs_;
};

}  // namespace namegate::datapath
