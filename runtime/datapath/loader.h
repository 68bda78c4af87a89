// SPDX-License-Identifier: Apache-2.0
//
// The datapath of a node: maps and programs, loaded and verified once and pinned under
// <bpffs_dir>/v<ABI>/{maps,programs,links}. Later processes only open the pins they need. A load is made in a temporary
// folder and renamed into place, so that a crash leaves either nothing or everything.
// The datapath of another build is taken over (docs/upgrade.md). With the same layout its programs are replaced; with
// another layout its folder stays beside this one until all of its endpoints have been handed over.
// Owns the descriptors it opened. The caller holds the node lock during open() and while writing to this folder; the
// object itself belongs to one thread. Verifier errors carry the end of its log.
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
    std::uint32_t hello_buffers = NG_HELLO_BUFFERS;  // of the node; at most NG_HELLO_BUFFERS_MAX
    std::uint32_t spare_slots = 4;                   // prepared at load
    AttachMode attach = AttachMode::kAuto;
    // Replace the programs of another build. False while a daemon of another build may be running: what is pinned is
    // then used as it is, and open() returns kTryAgain when only an older layout is there.
    bool take_over = true;
};

// The maps of bpf/maps.def, in its order.
enum class MapId : std::uint8_t {
#define NG_MAP(id, ...) k##id,
#define NG_MAP_OF_MAPS(id, ...) k##id,
#define NG_MAP_ON_DEMAND(id, ...) k##id,
#define NG_RING(id, ...) k##id,
#include "datapath/bpf/maps.def"
#undef NG_MAP
#undef NG_MAP_OF_MAPS
#undef NG_MAP_ON_DEMAND
#undef NG_RING
    kCount,
};
inline constexpr std::size_t kMapCount = static_cast<std::size_t>(MapId::kCount);

enum class ProgramId : std::uint8_t { kPodEgress, kPodIngress, kClockNow, kSweepFlows, kEmpty };
inline constexpr std::size_t kProgramCount = 5;

const char* map_name(MapId id);
const char* program_name(ProgramId id);

class Datapath {
  public:
    // Opens the pins. Loads and pins everything when there are none or some are missing. kUnsupported when the
    // programs of a newer build are on interfaces of this node.
    static Result<std::unique_ptr<Datapath>> open(const DatapathOptions& options);
    // Whether a datapath of this layout is pinned below `bpffs_dir`.
    static bool is_loaded(const std::string& bpffs_dir);
    ~Datapath() = default;
    Datapath(const Datapath&) = delete;
    Datapath& operator=(const Datapath&) = delete;
    Datapath(Datapath&&) = delete;
    Datapath& operator=(Datapath&&) = delete;

    // True when this open() loaded the programs and maps: every endpoint must be attached and programmed again.
    bool fresh() const { return fresh_; }
    const DatapathOptions& options() const { return options_; }
    // Ok, or the reason why the programs of another build with the same layout are still in force.
    const Result<>& replaced() const { return replaced_; }
    // Older builds that still enforce endpoints. retire_older() removes those that enforce none.
    const std::vector<OtherBuild>& older() const { return older_; }
    // Returns the interfaces that older builds still enforce.
    Result<std::vector<std::string>> retire_older();
    // <bpffs_dir>/v<ABI>
    const std::string& folder() const { return folder_; }
    std::uint64_t seed() const { return meta_.seed; }
    std::uint32_t hz() const { return meta_.hz; }
    // The mark by which the programs recognise a frame that the daemon sends on (abi.h).
    std::uint32_t held_mark() const { return meta_.held_mark; }

    // Whether all pins exist and are those that this object opened. If false, open() must be called again.
    bool is_pinned() const;
    // A cheaper check, for use shortly after open(): whether the pinned maps are still those that this object opened.
    bool is_current() const;

    // Descriptors, opened at first use and kept.
    Result<int> map(MapId id);
    Result<int> program(ProgramId id);
    // The inner map of a slot in a map of maps. kNotFound when there is none.
    Result<Fd> inner_map(MapId outer, std::uint32_t slot);

    // Ids that are never reused during the lifetime of the maps.
    Result<std::uint32_t> next_endpoint_id();
    Result<std::uint32_t> next_policy_id();
    // The id that next_policy_id() will return, unless another process calls it first.
    Result<std::uint32_t> upcoming_policy_id();

    // Detaches all links and removes all pins of this version.
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
