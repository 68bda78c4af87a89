// SPDX-License-Identifier: Apache-2.0
#include "ctl/explain.h"

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "api/explain.h"
#include "api/replies/codec.h"
#include "base/clock.h"
#include "config/config.h"
#include "ctl/match.h"
#include "ctl/show.h"
#include "policy/compiler/compile.h"
#include "policy/documents/document_ledger.h"
#include "policy/documents/policy_folder.h"

namespace namegate::ctl {

namespace {

using policy::Direction;

Result<> report_policies(const std::vector<std::string>& paths, policy::DocumentLedger& ledger) {
    for (const std::string& path : paths) {
        std::error_code failed;
        const auto status = std::filesystem::status(path, failed);
        if (!std::filesystem::exists(status)) {
            return Error(Code::kNotFound, path + ": there is no such folder or file");
        }
        if (std::filesystem::is_directory(status)) {
            NG_TRY(policy::load_folder(ledger, path));
        } else {
            policy::load_file(ledger, path);
        }
    }
    return ok();
}

Result<> load_policies(const std::vector<std::string>& paths, policy::DocumentLedger& ledger) {
    ledger.begin();
    NG_TRY(report_policies(paths, ledger));
    return ledger.finish();
}

Result<policy::EndpointView> endpoint_of(const Arguments& arguments) {
    const std::string& text = arguments.operands.front();
    const std::size_t slash = text.find('/');
    policy::EndpointView view;
    if (slash != std::string::npos) {
        view.name_space = text.substr(0, slash);
        view.pod = text.substr(slash + 1);
        view.is_kubernetes = true;
        if (view.name_space.empty() || view.pod.empty() || view.pod.find('/') != std::string::npos) {
            return Error(Code::kInvalidInput, "\"" + text + "\" is not of the form namespace/pod");
        }
    }
    NG_ASSIGN(view.labels, parse_labels(arguments.labels));
    view.labels_known = true;
    view.service_account = arguments.service_account;
    return view;
}

// Compiles as if there were no other endpoint. nullopt: no policy selects the endpoint or, for a preview, no staged policy.
Result<std::optional<policy::CompiledPolicy>> compile_for(const policy::Snapshot& snapshot, const policy::EndpointView& view,
                                                          const policy::EndpointFacts& facts, policy::TlsNames tls_names) {
    NG_ASSIGN(const bool selected, policy::selects(snapshot, facts, view));
    if (facts.preview ? !policy::has_preview(snapshot, facts) : !selected) {
        return std::optional<policy::CompiledPolicy>();
    }
    NG_ASSIGN(policy::CompiledPolicy compiled, policy::compile(snapshot, facts, {&view, 1}, tls_names));
    return std::optional(std::move(compiled));
}

Result<api::ExplainReply> explain_offline(const Arguments& arguments) {
    api::ExplainFacts request;
    request.endpoint = arguments.operands.front();
    request.direction = arguments.ingress ? Direction::kIngress : Direction::kEgress;
    NG_ASSIGN(request.destination, policy::parse_destination(arguments.operands[1], arguments.tls_name));
    NG_TRY(api::check_direction(request.destination, request.direction));
    NG_ASSIGN(const policy::EndpointView view, endpoint_of(arguments));
    const SystemClock clock;
    policy::DocumentLedger ledger(clock);
    NG_ASSIGN(const config::Config config, config::load_config(arguments.config_path));
    NG_TRY(load_policies(arguments.policies.empty() ? config.policy_dirs : arguments.policies, ledger));
    for (const policy::FileStatus& file : ledger.files()) {
        if (!file.loaded) {
            request.notes.push_back(file.path + " has errors and is left out; see: namegatectl check " + file.path);
        }
    }
    if (arguments.policies.empty() && !config.policy_groups.empty()) {
        request.notes.emplace_back("offline: policies of the API server are left out");
    }
    request.notes.emplace_back("offline: learned addresses and other endpoints are not known");
    const auto snapshot = ledger.snapshot();
    const auto compile = [&](bool preview) {
        return compile_for(*snapshot, view, policy::facts_of(*snapshot, view, request.direction, preview), config.tls_names);
    };
    NG_ASSIGN(const auto compiled, compile(false));
    NG_ASSIGN(const auto preview, compile(true));
    request.mode = compiled ? "enforced" : "open";
    request.compiled = compiled ? &*compiled : nullptr;
    request.preview = preview ? &*preview : nullptr;
    return api::explain(request);
}

}  // namespace

int run_explain_offline(const Context& context) {
    const auto result = explain_offline(context.arguments);
    if (!result) {
        return fail(context.environment, kUsage, result.error().message());
    }
    if (context.json()) {
        print_json(context, api::to_json(*result));
    } else {
        show_explain(context, *result);
    }
    return explain_code(*result);
}

}  // namespace namegate::ctl
