// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/decode_file.h"

#include <algorithm>
#include <map>

#include "base/words.h"
#include "policy/documents/cursor.h"
#include "policy/documents/decode_resource.h"
#include "policy/documents/document.h"
#include "policy/documents/json_reader.h"
#include "policy/documents/schema.h"
#include "policy/documents/shape.h"

namespace namegate::policy {
namespace {

bool is_list(std::string_view kind) { return kind.size() >= 4 && kind.substr(kind.size() - 4) == "List"; }

void report_kind(const Cursor& cursor, const std::string& kind) {
    std::vector<std::string_view> known;
    for (const KindSpec& spec : all_kinds()) {
        if (std::find(known.begin(), known.end(), spec.kind) == known.end()) {
            known.push_back(spec.kind);
        }
    }
    const std::string_view near = nearest_word(kind, known);
    cursor.field_error("kind",
                       "the kind \"" + kind + "\" is not known; " +
                           (near.empty() ? "known are " + join_words(known) + " (and List)" : "did you mean " + std::string(near) + "?"));
}

bool check_version(const Cursor& cursor, const KindSpec& kind) {
    const std::optional<std::string> version = cursor.text("apiVersion");
    if (!version) {
        return false;
    }
    if (has_version(kind, *version)) {
        return true;
    }
    std::vector<std::string_view> versions;
    for (const KindSpec& spec : all_kinds()) {
        if (spec.kind == kind.kind) {
            const auto more = versions_of(spec);
            versions.insert(versions.end(), more.begin(), more.end());
        }
    }
    cursor.field_error("apiVersion",
                       "\"" + *version + "\" is not the version of a " + std::string(kind.kind) + "; write " + join_words(versions));
    return false;
}

class FileDecoder {
  public:
    FileDecoder(const std::string& path, std::string_view content) {
        context_.file = path;
        while (!content.empty()) {
            const std::size_t end = content.find('\n');
            context_.lines.push_back(content.substr(0, end));
            content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
        }
    }

    void document(const Cursor& cursor, int depth) {
        constexpr int kMaxListDepth = 4;
        if (!cursor.node().is_map()) {
            cursor.error("a document is a map with apiVersion, kind, metadata and spec, not " + cursor.node().describe());
            return;
        }
        const std::optional<std::string> kind = cursor.text("kind");
        if (!kind) {
            cursor.field_error("kind", "the field \"kind\" is missing");
            return;
        }
        if (is_list(*kind) && depth < kMaxListDepth) {
            list(cursor, depth);
            return;
        }
        const KindSpec* spec = find_kind(*kind, cursor.text("apiVersion").value_or(""));
        if (spec == nullptr) {
            report_kind(cursor, *kind);
            return;
        }
        const bool known_version = check_version(cursor, *spec);
        if (!known_version && cursor.child("apiVersion")) {
            return;
        }
        check_object(cursor, *spec->object);
        keep(decode_resource(cursor, *spec));
    }

    DecodeOutcome take() && { return {std::move(resources_), std::move(context_.problems)}; }
    DecodeContext& context() { return context_; }

  private:
    void list(const Cursor& cursor, int depth) {
        const std::optional<Cursor> items = cursor.child("items");
        if (!items || !items->node().is_sequence()) {
            cursor.field_error("items", "\"items\" must be a list of documents");
            return;
        }
        for (std::size_t i = 0; i < items->node().items().size(); ++i) {
            document(items->item(i), depth + 1);
        }
    }

    // V7 within the file
    void keep(Resource resource) {
        const auto [found, added] = places_.emplace(key_of(resource), place_of(resource));
        if (!added) {
            context_.problems.push_back({place_of(resource), Problem::Severity::kError, "metadata.name",
                                         to_string(found->first) + " is already defined at " + to_string(found->second)});
        }
        resources_.push_back(std::move(resource));
    }

    DecodeContext context_;
    std::vector<Resource> resources_;
    std::map<ResourceKey, Place> places_;
};

void remove_line(Place& place) { place.line = place.column = 0; }

void remove_lines(Resource& resource) {
    std::visit([](auto& one) { remove_line(one.place); }, resource);
    if (auto* policy = std::get_if<Policy>(&resource)) {
        for (std::vector<Rule>* rules : {&policy->ingress, &policy->egress}) {
            for (Rule& rule : *rules) {
                remove_line(rule.place);
            }
        }
    }
}

DecodeOutcome decode_documents(const std::string& path, std::string_view content, ParseOutcome parsed) {
    if (has_errors(parsed.problems)) {
        return {{}, std::move(parsed.problems)};
    }
    FileDecoder decoder(path, content);
    for (const Node& node : parsed.documents) {
        decoder.document(Cursor(decoder.context(), node), 0);
    }
    return std::move(decoder).take();
}

}  // namespace

DecodeOutcome decode_file(const std::string& path, std::string_view content) {
    return decode_documents(path, content, parse_documents(path, content));
}

DecodeOutcome decode_object(const std::string& path, std::string_view content) {
    DecodeOutcome out = decode_documents(path, content, read_json(path, content));
    for (Problem& problem : out.problems) {
        remove_line(problem.place);
    }
    for (Resource& resource : out.resources) {
        remove_lines(resource);
    }
    return out;
}

}  // namespace namegate::policy
