// SPDX-License-Identifier: Apache-2.0
#include "policy/documents/decode_label_selector.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace namegate::policy {
namespace {

// Matches pods only, because sets do not have this label.
constexpr const char* kPodsOnly = "projectcalico.org/orchestrator == \"k8s\"";

bool is_label_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/' || c == '-';
    });
}

// Converts a Kubernetes label selector to the text of a namegate selector; "" selects everything.
class LabelSelectorText {
  public:
    std::string run(const Cursor& selector) {
        if (const auto labels = selector.child("matchLabels"); labels && labels->node().is_map()) {
            for (const MapEntry& entry : labels->node().entries()) {
                const Cursor value = labels->child(entry);
                add(key(value, entry.key) + " == " + quoted(value, entry.value.text()));
            }
        }
        selector.each("matchExpressions", [&](const Cursor& item) {
            if (item.node().is_map()) {
                expression(item);
            }
        });
        return text_;
    }

  private:
    void add(const std::string& term) { text_ += (text_.empty() ? "" : " && ") + term; }

    static std::string key(const Cursor& where, const std::string& label) {
        if (label.empty() || !is_label_text(label)) {
            where.error("\"" + label + "\" is not the name of a label; write letters, digits and _ . / -");
            return "x";
        }
        return label;
    }

    static std::string quoted(const Cursor& where, const std::string& value) {
        if (!is_label_text(value) || value.find('/') != std::string::npos) {
            where.error("\"" + value + "\" is not the value of a label; write letters, digits and _ . -");
            return "\"\"";
        }
        return "\"" + value + "\"";
    }

    void expression(const Cursor& item) {
        const std::string op = item.text("operator").value_or("");
        const std::string label = key(item, item.text("key").value_or(""));
        std::string values;
        item.each("values", [&](const Cursor& value) { values += (values.empty() ? "" : ", ") + quoted(value, value.node().text()); });
        const bool needs_values = op == "In" || op == "NotIn";
        if (needs_values == values.empty()) {
            item.field_error("values", needs_values ? op + " needs values" : op + " must have no values; remove them");
            return;
        }
        if (needs_values) {
            add(label + (op == "In" ? " in {" : " not in {") + values + "}");
        } else {
            add((op == "Exists" ? "has(" : "!has(") + label + ")");
        }
    }

    std::string text_;
};

std::string pods_text(const std::string& labels) { return labels.empty() ? kPodsOnly : std::string(kPodsOnly) + " && " + labels; }

// Its parts have been checked, but the selector can be too long.
std::optional<Selector> make_selector(const Cursor& where, const std::string& text) {
    auto parsed = Selector::parse(text);
    if (!parsed) {
        where.error("the selector cannot be used: " + parsed.error().message());
        return std::nullopt;
    }
    return *std::move(parsed);
}

}  // namespace

std::optional<Selector> decode_label_selector(const Cursor& selector) {
    return make_selector(selector, selector.node().is_map() ? LabelSelectorText().run(selector) : "");
}

std::optional<Selector> decode_pod_selector(const Cursor& where, const std::optional<Cursor>& selector) {
    const std::string labels = selector && selector->node().is_map() ? LabelSelectorText().run(*selector) : "";
    return make_selector(where, pods_text(labels));
}

}  // namespace namegate::policy
