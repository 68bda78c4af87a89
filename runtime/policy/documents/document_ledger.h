// SPDX-License-Identifier: Apache-2.0
//
// What every policy document says, and which of it is in force: the one place of the rule that losing knowledge never opens.
// Any source of documents reports here, in rounds: this document says X, it cannot be read, it is gone on purpose; this source
// was read as a whole, or cannot be reached. From that follows what is in force:
//
//   a document that says something good        that
//   one that is broken or cannot be read,      what it said when it was good last; in this process or, by the copies that are
//   or whose source cannot be reached          kept on the disk, in an earlier one
//   one that is gone on purpose                nothing; its copy goes too
//   one that is broken and never was good      nothing
//   one that may have been good, and whose     nobody knows: a gap. While there is one, no endpoint may be opened or its policy
//   copy is lost; a source that cannot be      changed (node/programmer.h), and no new one started
//   reached and never was read
//
// What is good is kept on the disk before finish() returns, so before anybody enforces it. Owns the store and the copies. Not
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
    // How the documents of a source are read, now and from their copies.
    using Decoder = std::function<DecodeOutcome(const std::string& path, std::string_view content)>;

    struct Gap {
        std::string subject;  // a document or a source
        std::string why;

        bool operator==(const Gap&) const = default;
    };

    // Without `kept` nothing outlives the process. The clock outlives the ledger.
    explicit DocumentLedger(const Clock& clock, std::optional<KeptDocuments> kept = std::nullopt) : clock_(clock), kept_(std::move(kept)) {}

    // A round: between these each configured source is added and reports. A source that is not added has been taken out of
    // the configuration, and its documents are gone.
    void begin();
    void add_source(const std::string& source, Decoder decoder);
    void reached(const std::string& source, const SourcePlace& place);
    void unreachable(const std::string& source, const std::string& why);
    // `id` is that of `content`, which is kept if it is good.
    struct Reading {
        std::string path;
        ContentId id;
        std::string_view content;
        DecodeOutcome decoded;
    };
    void says(const std::string& source, Reading reading);
    // It says what needs() knows already.
    void says_the_same(const std::string& path, std::string_view content);
    void unreadable(const std::string& source, const std::string& path, const std::string& why);
    void gone(const std::string& path);
    // Puts in force what follows, and keeps it. An error: what is in force is not kept.
    Result<> finish();
    // Something is in force whose content is still to be kept: it becomes known when its document is read again.
    bool wants_another_round() const { return another_round_; }

    // For sources, to spare them work: is this content news?
    bool needs(const std::string& path, const ContentId& id) const { return store_.needs(path, id); }
    bool has_stamp(const std::string& path, const FileStamp& stamp) const {
        return uncopied_.count(path) == 0 && store_.has_stamp(path, stamp);
    }
    void set_stamp(const std::string& path, const FileStamp& stamp) { store_.set_stamp(path, stamp); }
    // The documents known of a source, sorted by path.
    std::vector<std::string> documents_of(const std::string& source) const;
    std::optional<SourcePlace> place_of(const std::string& source) const;

    std::shared_ptr<const Snapshot> snapshot() const { return store_.snapshot(); }
    // Sorted by path, with what the ledger knows besides.
    std::vector<FileStatus> files() const;
    std::vector<FileStatus> refused() const;  // those whose content as it is now is not good
    std::size_t file_count() const { return store_.file_count(); }
    // Rises whenever files() may say something else.
    std::uint64_t revision() const { return store_.revision(); }
    // What is not known: documents, then sources; empty: all is.
    const std::vector<Gap>& gaps() const { return gaps_; }

  private:
    // Says something else than was kept, and is put in force after that: then a resource that two define stays where it was.
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
    void restore(const std::string& path, KeptDocument& document);
    void apply_deferred();
    void settle();
    void settle_good(const std::string& path, const ContentId& content);
    void settle_bad(const std::string& path);
    Result<> commit();
    FileStatus completed(FileStatus status) const;

    const Clock& clock_;
    std::optional<KeptDocuments> kept_;
    PolicyStore store_;
    KeptIndex index_;              // as it should stand on the disk
    bool dirty_ = false;           // and does not
    bool started_ = false;         // the index was read once
    bool restored_ = false;        // what was kept before this process is in the store
    std::set<std::string> stale_;  // another process kept something newer of these
    std::map<std::string, std::string> source_of_;
    std::map<std::string, std::string> lost_;  // why a copy could not be put in force
    std::vector<Gap> gaps_;
    // Good documents whose content is to be copied when it is read next, and those whose content has no room.
    std::set<std::string> uncopied_;
    std::set<std::string> too_large_;

    // Of the round.
    std::map<std::string, Decoder> sources_;
    std::map<std::string, SourcePlace> reached_;
    std::map<std::string, std::string> unreachable_;
    std::vector<Deferred> deferred_;
    bool another_round_ = false;
    Result<> trouble_ = ok();
};

}  // namespace namegate::policy
