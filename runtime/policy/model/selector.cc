// SPDX-License-Identifier: Apache-2.0
#include "policy/model/selector.h"

#include <algorithm>

#include "policy/model/selector_parser.h"

namespace namegate::policy {
namespace {

using Op = SelectorNode::Op;

bool starts_with(std::string_view text, std::string_view part) { return text.substr(0, part.size()) == part; }

bool ends_with(std::string_view text, std::string_view part) {
    return text.size() >= part.size() && text.substr(text.size() - part.size()) == part;
}

bool one_of(const std::vector<std::string>& values, const std::string& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
}

Truth negated(Truth value) { return value == Truth::kUnknown ? value : truth(value == Truth::kFalse); }

bool compare_value(const SelectorNode& node, const std::string& value) {
    switch (node.op) {
        case Op::kHas: return true;
        case Op::kEquals:
        case Op::kIn: return one_of(node.values, value);
        case Op::kNotEquals:
        case Op::kNotIn: return !one_of(node.values, value);
        case Op::kContains: return value.find(node.values.front()) != std::string::npos;
        case Op::kStartsWith: return starts_with(value, node.values.front());
        case Op::kEndsWith: return ends_with(value, node.values.front());
        default: return false;
    }
}

// Evaluates a comparison. If the label is absent, the negative comparisons are true (S2).
Truth compare(const SelectorNode& node, const Labels& labels, const LabelGaps& gaps) {
    const auto found = labels.find(node.label);
    if (found != labels.end()) {
        return truth(compare_value(node, found->second));
    }
    return gaps.may_have(node.label) ? Truth::kUnknown : truth(node.op == Op::kNotEquals || node.op == Op::kNotIn);
}

Truth evaluate_node(const SelectorNode& node, const Labels& labels, const LabelGaps& gaps);

// AND if `decisive` is kFalse, OR if it is kTrue: one operand with that value decides.
Truth combine(const SelectorNode& node, const Labels& labels, const LabelGaps& gaps, Truth decisive) {
    Truth out = negated(decisive);
    for (const auto& child : node.children) {
        const Truth value = evaluate_node(*child, labels, gaps);
        if (value == decisive) {
            return decisive;
        }
        out = value == Truth::kUnknown ? value : out;
    }
    return out;
}

Truth evaluate_node(const SelectorNode& node, const Labels& labels, const LabelGaps& gaps) {
    switch (node.op) {
        case Op::kAll: return Truth::kTrue;
        case Op::kGlobal: return truth(labels.find(kLabelNamespace) == labels.end());
        case Op::kNot: return negated(evaluate_node(*node.children.front(), labels, gaps));
        case Op::kAnd: return combine(node, labels, gaps, Truth::kFalse);
        case Op::kOr: return combine(node, labels, gaps, Truth::kTrue);
        default: return compare(node, labels, gaps);
    }
}

void collect_unknown(const SelectorNode& node, const Labels& labels, const LabelGaps& gaps, std::vector<std::string_view>& out) {
    if (!node.label.empty() && labels.find(node.label) == labels.end() && gaps.may_have(node.label)) {
        out.push_back(node.label);
    }
    for (const auto& child : node.children) {
        collect_unknown(*child, labels, gaps, out);
    }
}

// A value never contains both kinds of quotes, because the grammar has no escapes.
std::string quote(const std::string& value) {
    const char mark = value.find('"') == std::string::npos ? '"' : '\'';
    return mark + value + mark;
}

std::string print_set(const std::vector<std::string>& values) {
    std::string out = "{";
    for (const std::string& value : values) {
        out += (out.size() > 1 ? ", " : "") + quote(value);
    }
    return out + "}";
}

std::string print(const SelectorNode& node);

std::string print_operand(const SelectorNode& child, Op parent) {
    const bool binds_less = child.op == Op::kOr || (child.op == Op::kAnd && parent == Op::kNot);
    return binds_less ? "(" + print(child) + ")" : print(child);
}

std::string print_list(const SelectorNode& node, std::string_view joiner) {
    std::string out;
    for (const auto& child : node.children) {
        if (!out.empty()) {
            out += joiner;
        }
        out += print_operand(*child, node.op);
    }
    return out;
}

std::string print(const SelectorNode& node) {
    switch (node.op) {
        case Op::kAll: return "all()";
        case Op::kGlobal: return "global()";
        case Op::kHas: return "has(" + node.label + ")";
        case Op::kEquals: return node.label + " == " + quote(node.values.front());
        case Op::kNotEquals: return node.label + " != " + quote(node.values.front());
        case Op::kIn: return node.label + " in " + print_set(node.values);
        case Op::kNotIn: return node.label + " not in " + print_set(node.values);
        case Op::kContains: return node.label + " contains " + quote(node.values.front());
        case Op::kStartsWith: return node.label + " starts with " + quote(node.values.front());
        case Op::kEndsWith: return node.label + " ends with " + quote(node.values.front());
        case Op::kNot: return "!" + print_operand(*node.children.front(), Op::kNot);
        case Op::kAnd: return print_list(node, " && ");
        case Op::kOr: return print_list(node, " || ");
    }
    return {};
}

bool uses(const SelectorNode& node, Op op) {
    return node.op == op || std::any_of(node.children.begin(), node.children.end(), [&](const auto& child) { return uses(*child, op); });
}

SelectorNodePtr prefixed(const SelectorNode& node, std::string_view prefix, std::string_view all_label) {
    auto out = std::make_shared<SelectorNode>();
    out->op = node.op;
    out->values = node.values;
    if (node.op == Op::kAll) {
        out->op = Op::kHas;
        out->label = all_label;
    } else if (node.op == Op::kGlobal) {
        auto has = std::make_shared<SelectorNode>();
        has->op = Op::kHas;
        has->label = all_label;
        out->op = Op::kNot;
        out->children.push_back(std::move(has));
    } else if (!node.label.empty()) {
        out->label = std::string(prefix) + node.label;
    }
    for (const auto& child : node.children) {
        out->children.push_back(prefixed(*child, prefix, all_label));
    }
    return out;
}

SelectorNodePtr make_all() {
    auto node = std::make_shared<SelectorNode>();
    node->op = Op::kAll;
    return node;
}

}  // namespace

Selector::Selector() {
    static const SelectorNodePtr all = make_all();
    root_ = all;
}

Selector::Selector(std::shared_ptr<const SelectorNode> root) : root_(std::move(root)) {}

std::variant<Selector, SelectorError> Selector::parse_located(std::string_view text) {
    auto parsed = parse_selector(text);
    if (SelectorNodePtr* root = std::get_if<SelectorNodePtr>(&parsed)) {
        return Selector(std::move(*root));
    }
    return std::get<SelectorError>(std::move(parsed));
}

Result<Selector> Selector::parse(std::string_view text) {
    auto parsed = parse_located(text);
    if (Selector* selector = std::get_if<Selector>(&parsed)) {
        return std::move(*selector);
    }
    const SelectorError& error = std::get<SelectorError>(parsed);
    return Error(Code::kInvalidInput, "at character " + std::to_string(error.offset + 1) + ": " + error.message);
}

Truth Selector::evaluate(const Labels& labels, const LabelGaps& gaps) const { return evaluate_node(*root_, labels, gaps); }

std::vector<std::string_view> Selector::unknown_labels(const Labels& labels, const LabelGaps& gaps) const {
    std::vector<std::string_view> out;
    collect_unknown(*root_, labels, gaps, out);
    return out;
}

std::string Selector::to_string() const { return print(*root_); }

bool Selector::is_all() const { return root_->op == Op::kAll; }

bool Selector::is_global() const { return root_->op == Op::kGlobal; }

namespace {

// Calls visit(label, value) for each comparison that must hold, until it returns false.
template <typename Visit>
void each_required(const SelectorNode& root, const Visit& visit) {
    if (root.op == Op::kEquals) {
        visit(root.label, root.values.front());
    } else if (root.op == Op::kAnd) {
        for (const auto& child : root.children) {
            if (child->op == Op::kEquals && !visit(child->label, child->values.front())) {
                return;
            }
        }
    }
}

}  // namespace

bool Selector::uses_global() const { return uses(*root_, Op::kGlobal); }

std::optional<std::pair<std::string_view, std::string_view>> Selector::required_label() const {
    std::optional<std::pair<std::string_view, std::string_view>> out;
    each_required(*root_, [&out](std::string_view label, std::string_view value) {
        out.emplace(label, value);
        return false;
    });
    return out;
}

std::vector<std::pair<std::string_view, std::string_view>> Selector::required_labels() const {
    std::vector<std::pair<std::string_view, std::string_view>> out;
    each_required(*root_, [&out](std::string_view label, std::string_view value) {
        out.emplace_back(label, value);
        return true;
    });
    return out;
}

Selector Selector::with_prefix(std::string_view prefix, std::string_view all_label) const {
    return Selector(prefixed(*root_, prefix, all_label));
}

}  // namespace namegate::policy
