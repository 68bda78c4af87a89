// SPDX-License-Identifier: Apache-2.0
//
// Decides which content of each policy document is in force, and implements the rule that lost knowledge never opens an
// endpoint. Sources report in rounds: the content of a document, that it cannot be read, or that it was removed; that a
// source was read completely, or that it cannot be reached. What is in force:
//
//   a valid document                           its content
//   an invalid or unreadable document, or      its last good content, from this process or from a copy that an earlier one
//   one whose source cannot be reached, or     kept on the disk
//   is waiting
//   a removed document                         nothing; its copy is removed too
//   an invalid document that was never valid,  nothing
//   as this node or the source knows
//   a document that may have been valid, and   unknown: a gap. With a gap, no endpoint may be opened, no policy of an
//   whose copy is lost; a source that cannot   endpoint may be changed (node/programmer.h), and no new endpoint may be
//   be reached, or is waiting, and was never   started
//   read
//
// Valid content is on the disk before finish() returns, and so before it is enforced. Owns the store and the copies. Not
// thread-safe. Blocks on the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/documents/decode_file.h"
#include "policy/documents/kept_documents.h"
#include "policy/documents/policy_store.h"

namespace namegate::policy {

class DocumentLedger {
  public:
    // Decodes the documents of a source, and their copies.
    using Decoder = std::function<DecodeOutcome(const std::string& path, std::string_view content)>;

    struct Gap {
        std::string subject;  // a document or a source
        std::string why;

        bool operator==(const Gap&) const = default;
    };

    // Without `kept` nothing outlives the process. The clock must outlive the ledger.
    explicit DocumentLedger(const Clock& clock, std::optional<KeptDocuments> kept = std::nullopt) : clock_(clock), kept_(std::move(kept)) {}

    // A round is begin(), then for each configured source add_source() and its reports, then finish(). A source that is not
    // added is no longer configured, so its documents are removed.
    void begin();
    // In a round: the ledger needs the reports of all documents, not only of those that have changed.
    bool wants_all() const { return wants_all_; }
    void add_source(const std::string& source, Decoder decoder);
    void report_reached(const std::string& source, const SourcePlace& place);
    void report_unreachable(const std::string& source, const std::string& why);
    // The source is not read yet, and is about to be: its documents stay as they are.
    void report_waiting(const std::string& source, const std::string& why);
    // `id` identifies `content`, which is kept if it is valid.
    struct Reading {
        std::string path;
        ContentId id;
        std::string_view content;
        DecodeOutcome decoded;
        bool first = false;  // the spec was never another one, so that an error in it was always there
    };
    void report_content(const std::string& source, Reading reading);
    // The content is the one for which is_new_content() returned false.
    void report_unchanged(const std::string& path, std::string_view content);
    void report_unreadable(const std::string& source, const std::string& path, const std::string& why);
    void report_removed(const std::string& path);
    // Puts the result of the round in force and keeps it. An error: some content in force has no copy.
    Result<> finish();
    // True: some content in force has no copy yet. Another round reads its document again and copies it.
    bool wants_another_round() const { return another_round_; }

    // Whether this content is not known yet. Saves sources the decoding.
    bool is_new_content(const std::string& path, const ContentId& id) const { return store_.is_new_content(path, id); }
    bool has_stamp(const std::string& path, const FileStamp& stamp) const {
        return uncopied_.count(path) == 0 && store_.has_stamp(path, stamp);
    }
    void set_stamp(const std::string& path, const FileStamp& stamp) { store_.set_stamp(path, stamp); }
    // Returns the known documents of a source, sorted by path.
    std::vector<std::string> documents_of(const std::string& source) const;
    std::optional<SourcePlace> place_of(const std::string& source) const;

    std::shared_ptr<const Snapshot> snapshot() const { return store_.snapshot(); }
    // Sorted by path. Adds to PolicyStore::files() what the ledger knows.
    std::vector<FileStatus> files() const;
    std::vector<FileStatus> refused() const;  // those whose present content is known and not valid
    std::size_t file_count() const { return store_.file_count(); }
    // Increases whenever the result of files() may change.
    std::uint64_t revision() const { return store_.revision(); }
    // The gaps: documents, then sources.
    const std::vector<Gap>& gaps() const { return gaps_; }

  private:
    // A document whose content differs from the kept one. It is applied after the kept content of all documents, so that a
    // resource defined in two documents stays with the one that had it.
    struct Deferred {
        std::string path;
        ContentId id;
        DecodeOutcome decoded;
    };

    bool is_kept(const std::string& path, const ContentId& id) const;
    void keep(const std::string& path, const ContentId& id, std::string_view content);
    void read_index();
    void adopt(KeptIndex found);
    void forget_other_sources();
    void restore_missing();
    void restore_kept();
    void report_lost();
    void restore(const std::string& path, KeptDocument& document);
    void apply_deferred();
    void settle();
    bool is_settled(const std::string& path) const;
    bool is_waiting(const std::string& path) const;
    void settle_good(const std::string& path, const ContentId& content);
    void settle_bad(const std::string& path);
    Result<> commit();
    FileStatus completed(FileStatus status) const;

    const Clock& clock_;
    std::optional<KeptDocuments> kept_;
    PolicyStore store_;
    KeptIndex index_;              // as it should be on the disk
    bool dirty_ = false;           // index_ differs from the disk
    bool started_ = false;         // the index was read once
    bool restored_ = false;        // the content kept by earlier processes is in the store
    std::set<std::string> stale_;  // documents of which another process kept newer content
    std::map<std::string, std::string> source_of_;
    std::map<std::string, std::string> lost_;  // why the copy of a document could not be put in force
    std::vector<Gap> gaps_;
    // Valid documents that are copied when they are read next, and those whose copies would exceed the limit.
    std::set<std::string> uncopied_;
    std::set<std::string> too_large_;
    std::set<std::string> never_valid_;  // as their sources know
    std::set<std::string> invalid_;      // not valid at the end of the last round; another document's change can make one valid

    // The state of the round.
    bool all_changed_ = false;  // the kept index was read, so every document is settled again
    bool wants_all_ = true;
    std::set<std::string> reported_;  // documents whose state a source reported
    std::map<std::string, Decoder> sources_;
    std::map<std::string, SourcePlace> reached_;
    std::map<std::string, std::string> unreachable_;
    std::map<std::string, std::string> waiting_;
    std::vector<Deferred> deferred_;
    bool another_round_ = false;
    Result<> error_ = ok();
};

}  // namespace namegate::policy
