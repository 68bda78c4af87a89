// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/json_text.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json_depth.h"

namespace namegate::kubernetes {

namespace {

using Json = nlohmann::json;

// Follows the keys of nested objects, and stops when it has both names or the text ends.
class NameFinder final : public nlohmann::json_sax<Json> {
  public:
    explicit NameFinder(std::string_view inside) : inside_(inside) {}

    bool null() override { return true; }
    bool boolean(bool /*value*/) override { return true; }
    bool number_integer(number_integer_t /*value*/) override { return true; }
    bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
    bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
    bool binary(binary_t& /*value*/) override { return true; }
    bool string(string_t& value) override {
        if (is_at("name")) {
            found_.name = value;
        } else if (is_at("namespace")) {
            found_.name_space = value;
        }
        return found_.name.empty() || found_.name_space.empty();
    }
    bool start_object(std::size_t /*elements*/) override { return enter("{"); }
    bool end_object() override { return leave(); }
    bool start_array(std::size_t /*elements*/) override { return enter("["); }
    bool end_array() override { return leave(); }
    bool key(string_t& value) override {
        path_.back() = value;
        return true;
    }
    bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const nlohmann::detail::exception& /*why*/) override {
        return false;
    }

    const ObjectName& found() const { return found_; }

  private:
    bool enter(const char* what) {
        path_.emplace_back(what);
        return path_.size() <= static_cast<std::size_t>(kMaxJsonDepth);
    }
    bool leave() {
        path_.pop_back();
        return true;
    }
    bool is_at(std::string_view member) const {
        const std::size_t own = inside_.empty() ? 0 : 1;
        return path_.size() == own + 2 && (own == 0 || path_[0] == inside_) && path_[own] == "metadata" && path_[own + 1] == member;
    }

    std::string_view inside_;
    std::vector<std::string> path_;
    ObjectName found_;
};

}  // namespace

Result<Json> parse_json_object(std::string_view text) {
    if (is_nested_deeper(text, kMaxJsonDepth)) {
        return Error(Code::kExhausted, "JSON that is nested more than " + std::to_string(kMaxJsonDepth) + " levels deep");
    }
    Json out = Json::parse(text, nullptr, false);
    if (!out.is_object()) {
        return Error(Code::kInvalidInput, "text that is not a JSON object");
    }
    return out;
}

ObjectName find_name(std::string_view text, std::string_view inside) {
    NameFinder finder(inside);
    static_cast<void>(Json::sax_parse(text, &finder, Json::input_format_t::json, false));
    return finder.found();
}

std::string text_at(const Json& object, std::initializer_list<const char*> path) {
    const Json* at = &object;
    for (const char* name : path) {
        const auto found = at->is_object() ? at->find(name) : at->end();
        if (found == at->end()) {
            return {};
        }
        at = &*found;
    }
    return at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace namegate::kubernetes
