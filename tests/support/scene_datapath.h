// SPDX-License-Identifier: Apache-2.0
//
// Loaded programs and their maps, in a separate BPF file system. Loading them takes a second and more, nearly all of it in the
// kernel's verifier, so the scenes of a test program use the same ones, one after the other: what a scene leaves behind is removed
// as at DEL, and the next scene is another endpoint.
#pragma once

#include <memory>
#include <set>
#include <utility>

#include "datapath/endpoint_writer.h"
#include "datapath/events.h"
#include "datapath/held.h"
#include "datapath/loader.h"
#include "datapath/map.h"
#include "datapath/policy_collection.h"
#include "datapath/query_rules.h"
#include "datapath/settings.h"
#include "datapath/slots.h"
#include "support/bpffs.h"

namespace namegate::test {

class SceneDatapath {
  public:
    static Result<std::unique_ptr<SceneDatapath>> load(datapath::DatapathOptions options) {
        std::unique_ptr<SceneDatapath> out(new SceneDatapath);
        options.bpffs_dir = out->bpffs_.path() + "/namegate";
        options.spare_slots = 1;
        NG_ASSIGN(out->datapath_, datapath::Datapath::open(options));
        return out;
    }
    // One with the usual options: that of an earlier scene, or a new one.
    static Result<std::unique_ptr<SceneDatapath>> take() {
        if (idle() != nullptr) {
            return std::move(idle());
        }
        return load({});
    }
    // For the next scene. One that cannot be cleared is not used again.
    static void give_back(std::unique_ptr<SceneDatapath> used) {
        if (idle() == nullptr && used->clear()) {
            idle() = std::move(used);
        }
    }

    datapath::Datapath& datapath() { return *datapath_; }

  private:
    SceneDatapath() = default;
    static std::unique_ptr<SceneDatapath>& idle() {
        static std::unique_ptr<SceneDatapath> one;
        return one;
    }

    Result<> clear() {
        NG_ASSIGN(const int ifaces, datapath_->map(datapath::MapId::kIfaces));
        NG_ASSIGN(const auto bound, (datapath::map_entries<std::uint32_t, ng_iface>(ifaces)));
        for (const auto& entry : bound) {
            NG_TRY(datapath::unbind_interface(*datapath_, entry.first));
        }
        NG_ASSIGN(const auto used, datapath::used_slots(*datapath_));
        for (const auto& use : used) {
            NG_TRY(datapath::release_slot(*datapath_, use.slot));
            // The daemon adds to these; a test looks at the sum.
            for (const auto id : {datapath::MapId::kHeldTaken, datapath::MapId::kHeldDone}) {
                NG_ASSIGN(const int sums, datapath_->map(id));
                NG_TRY(datapath::map_update(sums, use.slot, ng_held_sum{}));
            }
        }
        NG_TRY(datapath::collect_with_lock_held(*datapath_, {}));
        NG_TRY(datapath::set_never_opens(*datapath_, {}));
        NG_TRY(datapath::set_query_rules(*datapath_, {}));
        // Frames that were sent and not read: the reader of held frames begins with them.
        NG_TRY(datapath::HeldReader::create(*datapath_, [](const ng_held&, std::span<const std::uint8_t>) { return datapath::FrameIs{}; }));
        NG_ASSIGN(const auto events, datapath::EventReader::create(*datapath_, [](const ng_event&, std::span<const std::uint8_t>) {}));
        for (std::size_t read = 1; read != 0;) {
            NG_ASSIGN(read, events->consume());
        }
        return ok();
    }

    Bpffs bpffs_;
    std::unique_ptr<datapath::Datapath> datapath_;
};

}  // namespace namegate::test
