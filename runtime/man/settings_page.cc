// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "config/config.h"
#include "man/markdown.h"
#include "man/pages.h"
#include "man/roff.h"

namespace namegate::man {

namespace {

constexpr std::string_view kFile = "/etc/namegate/namegate.yaml";
constexpr std::string_view kLabels = "Pod labels";

// "containerd.address" for a setting inside another one.
std::set<std::string> settings(const policy::ObjectSpec& spec, const std::string& begin) {
    std::set<std::string> out;
    for (const policy::FieldSpec& field : spec.fields) {
        const std::string name = begin + std::string(field.name);
        if (field.object == nullptr) {
            out.insert(name);
        } else {
            out.merge(settings(*field.object, name + "."));
        }
    }
    return out;
}

// The first cell of a row of the first table: "`log.level`, `log.format`".
std::set<std::string> described(std::string_view markdown) {
    std::set<std::string> out;
    const std::string_view first = markdown.substr(0, markdown.find("\n### "));
    for (const TableRow& row : table_rows(first)) {
        const std::string& names = row.front();
        for (std::size_t begin = names.find('`'); begin != std::string::npos; begin = names.find('`', begin)) {
            const std::size_t end = names.find('`', begin + 1);
            out.insert(names.substr(begin + 1, end - begin - 1));
            begin = end == std::string::npos ? end : end + 1;
        }
    }
    return out;
}

Result<> check_described(std::string_view markdown) {
    const std::set<std::string> exist = settings(config::settings_table(), "");
    const std::set<std::string> known = described(markdown);
    for (const std::string& name : exist) {
        if (known.count(name) == 0) {
            return Error(Code::kInvalidInput, "the table of settings does not describe " + name);
        }
    }
    for (const std::string& name : known) {
        if (exist.count(name) == 0) {
            return Error(Code::kInvalidInput, "there is no setting " + name);
        }
    }
    return ok();
}

}  // namespace

Result<std::string> settings_page(std::string_view markdown, const std::string& date) {
    const std::string_view file = section_of(markdown, kFile);
    NG_TRY(check_described(file));
    Roff out({"namegate.yaml", '5', date, "the settings of namegate on a node"});
    out.section("SYNOPSIS");
    out.paragraph("`" + std::string(kFile) + "`");
    out.section("DESCRIPTION");
    add_markdown(out, file);
    out.section("POD LABELS");
    add_markdown(out, section_of(markdown, kLabels));
    out.section("SEE ALSO");
    out.paragraph("`namegated`(8), `namegatectl`(1)");
    return out.text();
}

}  // namespace namegate::man
