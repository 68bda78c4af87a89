// SPDX-License-Identifier: Apache-2.0
// Random sequences of everything that can happen to policy files, to the processes that read them and to the machine, against a
// model of the rule. For a process that died in the middle of its work, the model allows the state before and the state
// after, and nothing between.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "policy/documents/document_ledger.h"
#include "policy/documents/policy_folder.h"
#include "support/manual_clock.h"
#include "support/memory_files.h"
#include "support/rounds.h"

using namespace namegate;
using namespace namegate::policy;
using namegate::test::Killed;
using namegate::test::MemoryFiles;

namespace {

constexpr const char* kKept = "/var/kept";
const std::vector<std::string> kFolders = {"/p", "/q"};
constexpr unsigned kNames = 3;
constexpr unsigned kSteps = 25;
constexpr unsigned kMostSteps = 16;  // of one commit, about

// Document -> its content; "" is empty.
using InForce = std::map<std::string, std::string>;

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string good(const std::string& path, const std::string& version) {
    return version.empty() ? "# nothing\n"
                           : "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: d" + path.substr(1, 1) +
                                 path.substr(3, 1) + ", labels: {path: '" + path + "', v: '" + version + "'}}\nspec: {nets: [192.0.2.1]}\n";
}

// What can be known of documents and folders.
struct Knowledge {
    std::map<std::string, std::optional<std::string>> said;  // none: it may have had content, which is unknown
    std::set<std::string> folders;                           // that were read once
};

struct File {
    std::optional<std::string> version;  // none: broken
    bool unreadable = false;
};

struct Files {
    std::map<std::string, File> files;
    std::map<std::string, int> folder_faults;
    std::set<std::string> unmounted;
};

struct Outcome {
    InForce in_force;
    bool all_known = true;

    bool operator==(const Outcome&) const = default;
};

// The rule in its plainest form: a process reads the files.
Outcome look(const Files& now, Knowledge& knowledge) {
    Outcome out;
    for (const std::string& folder : kFolders) {
        const bool says_something =
            std::any_of(knowledge.said.begin(), knowledge.said.end(), [&](const auto& entry) { return folder_of(entry.first) == folder; });
        const bool read_before = knowledge.folders.count(folder) != 0;
        const bool empty_mount = now.unmounted.count(folder) != 0;
        if (now.folder_faults.count(folder) != 0 || (empty_mount && read_before && says_something)) {
            out.all_known = out.all_known && read_before;
            continue;
        }
        std::erase_if(knowledge.said, [&](const auto& entry) {
            return folder_of(entry.first) == folder && (empty_mount || now.files.count(entry.first) == 0);
        });
        for (const auto& [path, file] : now.files) {
            if (folder_of(path) != folder || empty_mount) {
                continue;
            }
            if (file.version && !file.unreadable) {
                knowledge.said[path] = file.version;
            } else if (!read_before) {
                knowledge.said.try_emplace(path, std::nullopt);
            }
        }
        knowledge.folders.insert(folder);
    }
    for (const auto& [path, said] : knowledge.said) {
        out.all_known = out.all_known && said;
        if (said && !said->empty()) {
            out.in_force[path] = *said;
        }
    }
    return out;
}

// What an endpoint has: as the programmer does it (node/programmer.h), which netns_durable shows with the real one.
void program(std::vector<InForce>& endpoints, const Outcome& known) {
    for (InForce& endpoint : endpoints) {
        if (known.all_known || endpoint.empty()) {
            endpoint = known.in_force;
        }
    }
}

class Sequence {
  public:
    explicit Sequence(std::uint64_t seed) : random_(seed), disk_(seed + 1), possible_(1) {}

    // Returns what differs; empty: nothing.
    std::string run() {
        for (unsigned step = 0; step < kSteps && difference_.empty(); ++step) {
            clock_.advance_seconds(1);
            change();
            happen();
        }
        return difference_.empty() ? difference_ : difference_ + "\n" + story_;
    }

  private:
    unsigned below(std::size_t bound) { return static_cast<unsigned>(random_() % bound); }
    std::string path() { return kFolders[below(kFolders.size())] + "/" + std::string(1, static_cast<char>('a' + below(kNames))) + ".yaml"; }
    void tell(const std::string& what) { story_ += what + "; "; }

    void put(const std::string& path, const std::optional<std::string>& version) {
        now_.files[path] = {version, false};
        disk_.faults.erase(path);
        changed_.add(path);
        disk_.put(path, version ? good(path, *version) : "garbage: [" + std::to_string(++version_));
        tell(path + "=" + version.value_or("broken"));
    }
    void remove(const std::string& path) {
        now_.files.erase(path);
        changed_.add(path);
        disk_.faults.erase(path);
        disk_.take(path);
        tell("remove " + path);
    }
    void rename(const std::string& from, const std::string& to) {
        const auto moved = now_.files.find(from);
        if (moved == now_.files.end() || moved->second.unreadable || now_.files.count(to) != 0) {
            return;
        }
        // A document's content depends on its name, so a rename is a removal and a new file of the same version.
        const std::optional<std::string> version = moved->second.version;
        remove(from);
        put(to, version);
    }
    void set_folder_fault(const std::string& folder) {
        const bool clear = now_.folder_faults.erase(folder) + now_.unmounted.erase(folder) > 0;
        disk_.faults.erase(folder);
        disk_.unmounted.erase(folder);
        changed_.add_any();
        const unsigned kind = below(3);
        if (!clear && kind == 2) {
            now_.unmounted.insert(folder);
            disk_.unmounted.insert(folder);
        } else if (!clear) {
            disk_.faults[folder] = now_.folder_faults[folder] = kind == 0 ? ENOENT : EIO;
        }
        tell((clear ? "back " : kind == 2 ? "unmount " : "lose ") + folder);
    }
    void set_unreadable(const std::string& path) {
        const auto file = now_.files.find(path);
        if (file == now_.files.end()) {
            return;
        }
        file->second.unreadable = true;
        changed_.add(path);
        disk_.faults[path] = below(2) == 0 ? EACCES : ENOENT;
        tell("unreadable " + path);
    }
    // Users and their mounts.
    void change() {
        for (unsigned left = below(3); left > 0; --left) {
            switch (below(10)) {
                case 0:
                case 1:
                case 2: put(path(), std::to_string(++version_)); break;
                case 3:
                case 4: put(path(), std::nullopt); break;
                case 5: put(path(), ""); break;
                case 6: remove(path()); break;
                case 7: rename(path(), path()); break;
                case 8: set_unreadable(path()); break;
                default: set_folder_fault(kFolders[below(kFolders.size())]); break;
            }
        }
    }

    // Processes and the machine.
    void happen() {
        switch (below(14)) {
            case 0: kill(); break;
            case 1: die_at_work(false); break;
            case 2: die_at_work(true); break;
            case 3: reboot(); break;
            case 4: lose_copies(); break;
            case 5: damage_copy(); break;
            case 6: run_full(); break;
            case 7:
            case 8: plugin(); break;
            default: daemon(); break;
        }
    }
    std::unique_ptr<DocumentLedger> start() { return std::make_unique<DocumentLedger>(clock_, KeptDocuments(disk_, kKept)); }
    // Returns whether everything is kept.
    bool read(DocumentLedger& ledger, const ChangedFiles& changed = ChangedFiles::any()) {
        Result<> kept = ok();
        do {
            ledger.begin();
            for (const std::string& folder : kFolders) {
                static_cast<void>(load_folder(ledger, folder, changed, disk_));
            }
            kept = ledger.finish();
        } while (ledger.wants_another_round());
        return kept.has_value();
    }
    // As the daemon does, which watches the folders.
    bool read_changed(DocumentLedger& ledger) { return read(ledger, std::exchange(changed_, {})); }
    static Outcome outcome_of(const DocumentLedger& ledger) {
        Outcome out;
        for (const NetworkSet* set : ledger.snapshot()->sets()) {
            out.in_force[set->labels.at("path")] = set->labels.at("v");
        }
        out.all_known = ledger.gaps().empty();
        return out;
    }
    // Of the possible states of the disk, only those remain that explain what is seen.
    void compare(const DocumentLedger& ledger) {
        const Outcome real = outcome_of(ledger);
        std::vector<Knowledge> left;
        std::vector<InForce> expected;
        for (Knowledge& knowledge : possible_) {
            const Outcome model = look(now_, knowledge);
            if (model == real) {
                left.push_back(knowledge);
                expected = model_endpoints_;
                program(expected, model);
            }
        }
        program(endpoints_, real);
        if (left.empty() || endpoints_ != expected) {
            difference_ = describe(real) + " where the model has " + describe(look(now_, possible_.front()));
            return;
        }
        possible_ = left;
        model_endpoints_ = expected;
    }
    static std::string describe(const Outcome& outcome) {
        std::string out = outcome.all_known ? "{" : "{something unknown ";
        for (const auto& [path, version] : outcome.in_force) {
            out += path + "=" + version + " ";
        }
        return out + "}";
    }
    // A new pod is refused while something is unknown.
    void add_endpoint() {
        Knowledge knowledge = possible_.front();
        const Outcome model = look(now_, knowledge);
        if (model.all_known && endpoints_.size() < 8) {
            endpoints_.push_back(model.in_force);
            model_endpoints_.push_back(model.in_force);
        }
    }

    void daemon() {
        tell(daemon_ ? "reload" : "start");
        if (!daemon_) {
            daemon_ = start();
        }
        if (!read_changed(*daemon_)) {
            difference_ = "a reload did not keep";
        }
        compare(*daemon_);
        add_endpoint();
    }
    void plugin() {
        tell("plugin");
        const auto ledger = start();
        if (!read(*ledger)) {
            difference_ = "a plugin did not keep";
        }
        compare(*ledger);
        add_endpoint();
    }
    void kill() {
        tell("kill");
        daemon_.reset();
    }
    // By kill -9, or with the machine.
    void die_at_work(bool with_machine) {
        tell(with_machine ? "power lost at work" : "killed at work");
        const auto after = possible_after();
        disk_.dies_after = below(kMostSteps);
        std::unique_ptr<DocumentLedger> dying = daemon_ && below(2) == 0 ? std::move(daemon_) : start();
        bool finished = false;
        try {
            read(*dying);
            finished = true;
        } catch (const Killed&) {
        }
        disk_.dies_after.reset();
        if (with_machine) {
            lose_power();
        }
        daemon_.reset();
        possible_.insert(finished ? possible_.begin() : possible_.end(), after.begin(), after.end());
        if (finished) {
            possible_.resize(after.size());
        }
    }
    std::vector<Knowledge> possible_after() const {
        std::vector<Knowledge> after = possible_;
        for (Knowledge& knowledge : after) {
            look(now_, knowledge);
        }
        return after;
    }
    void lose_power() {
        disk_.lose_power();
        daemon_.reset();
        // The user's files are safely on the disk. bpffs and /run are empty.
        endpoints_.clear();
        model_endpoints_.clear();
    }
    void reboot() {
        tell("reboot");
        lose_power();
    }
    // As after an upgrade from a build that kept nothing; what is pinned stays.
    void lose_copies() {
        tell("copies lost");
        daemon_.reset();
        for (const std::string& copy : disk_.paths_in(kKept)) {
            disk_.take(copy);
        }
        possible_.assign(1, {});
    }
    // Of a file that is broken now, so that the copy is needed.
    void damage_copy() {
        if (possible_.size() != 1) {
            return;
        }
        daemon_.reset();
        for (auto& [path, said] : possible_.front().said) {
            const auto file = now_.files.find(path);
            if (said && !said->empty() && file != now_.files.end() && !file->second.version && damage(good(path, *said))) {
                tell("damage " + path);
                said.reset();
                return;
            }
        }
    }
    bool damage(const std::string& content) {
        for (const std::string& copy : disk_.paths_in(kKept)) {
            if (disk_.content(copy) == content) {
                disk_.put(copy, content.substr(1) + "x");
                return true;
            }
        }
        return false;
    }
    // No space on the disk, and then a restart.
    void run_full() {
        if (!daemon_ || possible_.size() != 1) {
            return;
        }
        tell("full");
        const auto after = possible_after();
        disk_.full_after = below(kMostSteps);
        const bool kept = read_changed(*daemon_);
        disk_.full_after.reset();
        const Outcome real = outcome_of(*daemon_);
        Knowledge knowledge = possible_.front();
        if (!(look(now_, knowledge) == real)) {
            difference_ = "with a full disk: " + describe(real);
        }
        program(endpoints_, real);
        program(model_endpoints_, real);
        if (!kept) {
            kill();
            possible_.assign(1, {});
        }
        possible_.insert(possible_.end(), after.begin(), after.end());
        if (kept) {
            possible_ = after;
        }
    }

    std::mt19937_64 random_;
    MemoryFiles disk_;
    namegate::test::ManualClock clock_;
    Files now_;
    ChangedFiles changed_ = ChangedFiles::any();  // since the daemon read the folders last
    std::vector<Knowledge> possible_;             // possible contents of the disk
    std::unique_ptr<DocumentLedger> daemon_;
    std::vector<InForce> endpoints_;
    std::vector<InForce> model_endpoints_;
    unsigned version_ = 0;
    std::string difference_;
    std::string story_;
};

}  // namespace

TEST_CASE("what is in force is what the rule says, whatever happens to files, processes and machine") {
    const auto rounds = namegate::test::rounds("sequences of losses of policy files", 1000);
    unsigned differences = 0;
    for (unsigned long i = 0; i < rounds.count; ++i) {
        const std::string difference = Sequence(rounds.seed + i).run();
        if (!difference.empty() && ++differences == 1) {
            UNSCOPED_INFO("sequence " << i << " of seed " << rounds.seed << ": " << difference);
        }
    }
    CHECK(differences == 0);
}
