// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/document_ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"

namespace namegate::policy {
namespace {

constexpr const char* kLost = "its present content cannot be used, and its last good content is not known";
constexpr const char* kNeverRead = ", and the earlier content of its files is not known";

// Whether an error of a copy is permanent. Other errors may be temporary.
bool is_final(const Error& error) {
    return error.code() == Code::kNotFound || error.code() == Code::kInvalidInput ||
           (error.code() == Code::kExhausted && error.sys_errno() == 0);
}

// Whether all errors are in the spec. The rest of a document can change without notice (DocumentLedger::Reading::first).
bool are_of_spec(const Problems& problems) {
    return std::all_of(problems.begin(), problems.end(), [](const Problem& problem) {
        return problem.severity == Problem::Severity::kWarning || problem.field == "spec" || problem.field.starts_with("spec.");
    });
}

}  // namespace

void DocumentLedger::begin() {
    const bool all_reached = unreachable_.empty();
    sources_.clear();
    reached_.clear();
    unreachable_.clear();
    waiting_.clear();
    deferred_.clear();
    reported_.clear();
    all_changed_ = false;
    another_round_ = false;
    error_ = ok();
    if (kept_ && (!started_ || kept_->changed())) {
        read_index();
    }
    // Without kept documents there is nothing to restore first.
    restored_ = restored_ || index_.documents.empty();
    wants_all_ = all_changed_ || !all_reached || !restored_ || !uncopied_.empty();
}

void DocumentLedger::read_index() {
    all_changed_ = true;
    auto found = kept_->read();
    if (found) {
        adopt(std::move(found).value());
    } else {
        dirty_ = true;
        if (found.error().code() != Code::kNotFound) {
            log::warning("the earlier content of the policy files is not known", {log::kv("error", found.error().message())});
        }
    }
    started_ = true;
    if (const auto listed = kept_->find_copies(index_); !listed && listed.error().code() != Code::kNotFound) {
        error_ = listed;
        started_ = restored_;  // before anything is restored: writes nothing, and reads the index again in the next round
        return;
    }
    for (auto& [path, document] : index_.documents) {
        if (document.kept && !kept_->has_copy(path, document.content)) {
            document.kept = false;
            dirty_ = true;
            log::warning("the kept copy of a policy file is missing", {log::kv("file", path)});
        }
    }
}

// Merges an index that another process wrote, such as a plugin that ran without a daemon; it may have read newer content.
void DocumentLedger::adopt(KeptIndex found) {
    if (!started_) {
        index_ = std::move(found);
        return;
    }
    // The other process found these removed. If they exist again, this process reads them again.
    std::vector<std::string> removed;
    for (const auto& [path, document] : index_.documents) {
        if (found.documents.count(path) == 0 && found.sources.count(document.source) != 0) {
            removed.push_back(path);
        }
    }
    for (const std::string& path : removed) {
        report_removed(path);
    }
    for (auto& [path, document] : found.documents) {
        KeptDocument& own = index_.documents[path];
        if (!(own == document)) {
            stale_.insert(path);
            own = std::move(document);
        }
    }
    for (const auto& [source, place] : found.sources) {
        index_.sources[source] = place;
    }
    dirty_ = dirty_ || index_.documents.size() != found.documents.size() || index_.sources != found.sources;
}

void DocumentLedger::add_source(const std::string& source, Decoder decoder) { sources_[source] = std::move(decoder); }

void DocumentLedger::report_reached(const std::string& source, const SourcePlace& place) { reached_[source] = place; }

void DocumentLedger::report_unreachable(const std::string& source, const std::string& why) { unreachable_[source] = why; }

void DocumentLedger::report_waiting(const std::string& source, const std::string& why) { waiting_[source] = why; }

bool DocumentLedger::is_kept(const std::string& path, const ContentId& id) const { return !kept_ || kept_->has_copy(path, id); }

void DocumentLedger::keep(const std::string& path, const ContentId& id, std::string_view content) {
    if (!kept_ || !started_) {
        return;
    }
    const Result<> written = kept_->write_copy(path, id, content);
    if (!written && is_final(written.error())) {
        too_large_.insert(path);
        uncopied_.erase(path);
    } else if (!written) {
        error_ = written;
    } else {
        too_large_.erase(path);
    }
}

void DocumentLedger::report_content(const std::string& source, Reading reading) {
    source_of_[reading.path] = source;
    reported_.insert(reading.path);
    never_valid_.erase(reading.path);
    if (!has_errors(reading.decoded.problems)) {
        keep(reading.path, reading.id, reading.content);
    } else if (reading.first && are_of_spec(reading.decoded.problems)) {
        never_valid_.insert(reading.path);
    }
    const auto known = index_.documents.find(reading.path);
    const bool as_kept = known != index_.documents.end() && known->second.kept && known->second.content == reading.id;
    if (restored_ || as_kept) {
        store_.set_decoded(reading.path, reading.id, std::move(reading.decoded));
    } else {
        deferred_.push_back({std::move(reading.path), reading.id, std::move(reading.decoded)});
    }
}

void DocumentLedger::report_unchanged(const std::string& path, std::string_view content) {
    reported_.insert(path);
    if (uncopied_.count(path) != 0) {
        keep(path, id_of(content), content);
    }
}

void DocumentLedger::report_unreadable(const std::string& source, const std::string& path, const std::string& why) {
    source_of_[path] = source;
    reported_.insert(path);
    store_.set_unreadable(path, why);
}

void DocumentLedger::report_removed(const std::string& path) {
    store_.remove_file(path);
    dirty_ = index_.documents.erase(path) > 0 || dirty_;
    source_of_.erase(path);
    never_valid_.erase(path);
    uncopied_.erase(path);
    too_large_.erase(path);
    stale_.erase(path);
    lost_.erase(path);
}

Result<> DocumentLedger::finish() {
    forget_other_sources();
    restore_missing();
    apply_deferred();
    settle();
    return commit();
}

void DocumentLedger::forget_other_sources() {
    std::vector<std::string> others;
    for (const auto& [path, document] : index_.documents) {
        if (sources_.count(document.source) == 0) {
            others.push_back(path);
        }
    }
    for (const auto& [path, source] : source_of_) {
        if (sources_.count(source) == 0) {
            others.push_back(path);
        }
    }
    for (const std::string& path : others) {
        report_removed(path);
    }
    const auto is_other = [this](const auto& entry) { return sources_.count(entry.first) == 0; };
    dirty_ = std::erase_if(index_.sources, is_other) > 0 || dirty_;
}

void DocumentLedger::restore_missing() {
    for (const auto& [source, why] : unreachable_) {
        for (const std::string& path : documents_of(source)) {
            report_unreadable(source, path, why);
        }
    }
    if (!restored_ || !stale_.empty() || !lost_.empty()) {  // otherwise every kept document has been restored
        restore_kept();
    }
    report_lost();
}

void DocumentLedger::restore_kept() {
    for (auto& [path, document] : index_.documents) {
        const bool wanted = stale_.count(path) != 0 ? !store_.loaded(path) : !store_.has_good(path);
        if (document.kept && wanted) {
            restore(path, document);
        }
    }
    stale_.clear();
}

// A source that is waiting does not say that a document cannot be read.
void DocumentLedger::report_lost() {
    for (const auto& [path, document] : index_.documents) {
        if (const auto waiting = waiting_.find(document.source); waiting != waiting_.end() && !store_.has_good(path)) {
            report_unreadable(document.source, path, waiting->second);
        }
    }
}

void DocumentLedger::restore(const std::string& path, KeptDocument& document) {
    if (!kept_) {
        return;
    }
    source_of_[path] = document.source;
    reported_.insert(path);
    const auto content = kept_->read_copy(path, document.content);
    if (!content) {
        lost_[path] = content.error().message();
        document.kept = !is_final(content.error());
        dirty_ = dirty_ || !document.kept;
        return;
    }
    DecodeOutcome decoded = sources_.at(document.source)(path, *content);
    const std::string problem = decoded.problems.empty() ? std::string() : to_string(decoded.problems.front());
    if (store_.restore(path, std::move(decoded))) {
        lost_.erase(path);
    } else {
        lost_[path] = "this version does not accept the kept content" + (problem.empty() ? problem : ": " + problem);
    }
}

// In the order of the paths, so that the first of two documents with the same resource has it in force.
void DocumentLedger::apply_deferred() {
    std::sort(deferred_.begin(), deferred_.end(), [](const Deferred& a, const Deferred& b) { return a.path < b.path; });
    for (Deferred& deferred : deferred_) {
        store_.set_decoded(deferred.path, deferred.id, std::move(deferred.decoded));
    }
    deferred_.clear();
    restored_ = true;
}

void DocumentLedger::settle() {
    gaps_.clear();
    std::set<std::string> invalid;
    store_.for_each_file([this, &invalid](const std::string& path, bool loaded) {
        if (!loaded) {
            invalid.insert(path);
            if (!is_waiting(path)) {
                settle_bad(path);
            }
        } else if (!is_settled(path)) {
            settle_good(path, *store_.loaded(path));
        }
    });
    invalid_ = std::move(invalid);
    for (const auto* sources : {&unreachable_, &waiting_}) {
        for (const auto& [source, why] : *sources) {
            if (index_.sources.count(source) == 0) {
                gaps_.push_back({source, why + kNeverRead});
            }
        }
    }
    for (const auto& [source, place] : reached_) {
        const auto known = index_.sources.find(source);
        dirty_ = dirty_ || known == index_.sources.end() || !(known->second == place);
        index_.sources[source] = place;
    }
    another_round_ = !uncopied_.empty() && error_;
}

// Whether a valid document is as the last round left it. Most documents are, so this must be fast.
bool DocumentLedger::is_settled(const std::string& path) const {
    return !all_changed_ && reported_.count(path) == 0 && uncopied_.count(path) == 0 && invalid_.count(path) == 0;
}

// Whether a document that is not valid now has content in force and may be found valid when its source is read.
bool DocumentLedger::is_waiting(const std::string& path) const {
    const auto source = source_of_.find(path);
    return source != source_of_.end() && waiting_.count(source->second) != 0 && store_.has_good(path);
}

void DocumentLedger::settle_good(const std::string& path, const ContentId& content) {
    KeptDocument& document = index_.documents[path];
    const KeptDocument before = document;
    document.source = source_of_[path];
    document.valid_since = document.content == content && document.valid_since != 0 ? document.valid_since : clock_.wall_seconds();
    document.content = content;
    document.invalid_since = 0;
    document.kept = is_kept(path, content);
    if (document.kept) {
        uncopied_.erase(path);
    } else if (too_large_.count(path) == 0) {
        uncopied_.insert(path);
    }
    lost_.erase(path);
    dirty_ = dirty_ || !(document == before);
}

void DocumentLedger::settle_bad(const std::string& path) {
    auto known = index_.documents.find(path);
    const std::string& source = source_of_[path];
    uncopied_.erase(path);
    if (known == index_.documents.end()) {
        if (index_.sources.count(source) != 0 || never_valid_.count(path) != 0) {
            return;
        }
        known = index_.documents.emplace(path, KeptDocument{source, false, {}, 0, 0}).first;
    }
    if (known->second.invalid_since == 0) {
        known->second.invalid_since = clock_.wall_seconds();
        dirty_ = true;
    }
    if (!store_.has_good(path)) {
        const auto why = lost_.find(path);
        gaps_.push_back({path, kLost + (why == lost_.end() ? std::string() : ": " + why->second)});
    }
}

Result<> DocumentLedger::commit() {
    if (!kept_) {
        return ok();
    }
    if (dirty_ && started_) {
        if (const auto committed = kept_->commit(index_); !committed) {
            const Result<> removed = kept_->remove_index();
            return removed ? committed : Result<>(committed.error().with_context(removed.error().message()));
        }
        dirty_ = false;
        NG_TRY(kept_->remove_others(index_));
    }
    NG_TRY(error_);
    if (!too_large_.empty()) {
        return Error(Code::kExhausted, std::to_string(too_large_.size()) + " policy files are not kept, such as " + *too_large_.begin() +
                                           ": the limit for all copies is " + std::to_string(kMaxKeptBytes) + " bytes");
    }
    if (!fits(index_)) {
        return Error(Code::kExhausted, "not all policy files are kept: the limits are " + std::to_string(kMaxKeptDocuments) +
                                           " files and " + std::to_string(kMaxKeptSources) + " folders");
    }
    return ok();
}

std::vector<std::string> DocumentLedger::documents_of(const std::string& source) const {
    std::vector<std::string> read;
    for (const auto& [path, its_source] : source_of_) {
        if (its_source == source) {
            read.push_back(path);
        }
    }
    std::vector<std::string> kept;
    for (const auto& [path, document] : index_.documents) {
        if (document.source == source) {
            kept.push_back(path);
        }
    }
    std::vector<std::string> out;
    out.reserve(std::max(read.size(), kept.size()));
    std::set_union(std::make_move_iterator(read.begin()), std::make_move_iterator(read.end()), std::make_move_iterator(kept.begin()),
                   std::make_move_iterator(kept.end()), std::back_inserter(out));
    return out;
}

std::optional<SourcePlace> DocumentLedger::place_of(const std::string& source) const {
    const auto found = index_.sources.find(source);
    return found == index_.sources.end() ? std::nullopt : std::optional(found->second);
}

FileStatus DocumentLedger::completed(FileStatus status) const {
    const auto known = index_.documents.find(status.path);
    if (known != index_.documents.end()) {
        status.since = status.loaded ? known->second.valid_since : known->second.invalid_since;
        status.good_since = known->second.valid_since;
        if (status.in_force == FileStatus::InForce::kNone) {
            status.in_force = FileStatus::InForce::kUnknown;
        }
    }
    if (status.in_force == FileStatus::InForce::kLastGood && status.problems.empty()) {
        status.in_force = FileStatus::InForce::kKept;
        status.since = status.good_since;
    }
    return status;
}

std::vector<FileStatus> DocumentLedger::files() const {
    std::vector<FileStatus> out = store_.files();
    std::transform(out.begin(), out.end(), out.begin(), [this](FileStatus& status) { return completed(std::move(status)); });
    return out;
}

std::vector<FileStatus> DocumentLedger::refused() const {
    std::vector<FileStatus> out = store_.refused();
    std::transform(out.begin(), out.end(), out.begin(), [this](FileStatus& status) { return completed(std::move(status)); });
    // A document of a source that is waiting has no errors yet.
    std::erase_if(out, [](const FileStatus& status) { return !has_errors(status.problems); });
    return out;
}

}  // namespace namegate::policy
