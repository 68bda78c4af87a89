// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/kubeconfig.h"

#include <array>
#include <utility>

#include "base/file.h"
#include "kubernetes/client/base64.h"
#include "policy/documents/cursor.h"
#include "policy/documents/document.h"

namespace namegate::kubernetes {

namespace {

using policy::Cursor;

struct Refused {
    std::string_view field;
    const char* why;
};

constexpr std::array kRefusedOfUser = {
    Refused{"exec", "namegate runs no program for credentials; use a token, a tokenFile or a client certificate"},
    Refused{"auth-provider", "namegate has no auth providers; use a token, a tokenFile or a client certificate"},
    Refused{"username", "the API server no longer accepts passwords; use a token, a tokenFile or a client certificate"},
    Refused{"password", "the API server no longer accepts passwords; use a token, a tokenFile or a client certificate"},
    Refused{"as", "namegate does not impersonate; give its own user the rights (docs/kubernetes.md)"},
};
constexpr std::array kRefusedOfCluster = {
    Refused{"tls-server-name", "namegate checks the server's certificate for the name in \"server\""},
    Refused{"proxy-url", "namegate connects to the API server directly"},
};

template <std::size_t Size>
void refuse(const Cursor& object, const std::array<Refused, Size>& fields) {
    for (const Refused& one : fields) {
        if (object.child(one.field)) {
            object.field_error(one.field, "not supported: " + std::string(one.field) + ": " + one.why);
        }
    }
}

std::string absolute(const std::string& kubeconfig, const std::string& path) {
    return path.empty() || path.front() == '/' ? path : kubeconfig.substr(0, kubeconfig.rfind('/') + 1) + path;
}

// As kubectl does, content that is written in the file comes before a path.
Material material(const Cursor& object, std::string_view path_field, std::string_view data_field) {
    Material out;
    if (const auto data = object.child(data_field)) {
        auto decoded = base64_decoded(data->node().text());
        if (!decoded || decoded->empty()) {
            data->error("is not base64");
            return out;
        }
        out.content = std::move(*decoded);
    } else if (const auto path = object.text(path_field)) {
        out.path = absolute(object.context().file, *path);
    }
    return out;
}

// Calls `visit` with the member `what` of the entry with this name in a list such as "clusters".
template <typename Visit>
void with_entry(const Cursor& list, const std::string& name, std::string_view what, std::string_view named_by, Visit visit) {
    for (std::size_t i = 0; i < list.node().items().size(); ++i) {
        const Cursor item = list.item(i);
        if (item.text("name") != name) {
            continue;
        }
        if (const auto found = item.child(what)) {
            visit(*found);
        } else {
            item.error(std::string(what) + " is missing");
        }
        return;
    }
    list.error("there is no entry with the name \"" + name + "\", which " + std::string(named_by) + " names");
}

void read_cluster(const Cursor& cluster, Access& out) {
    constexpr std::string_view kHttps = "https://";
    if (const auto server = cluster.child("server"); !server) {
        cluster.error("server is missing");
    } else {
        out.server = server->node().text();
        while (!out.server.empty() && out.server.back() == '/') {
            out.server.pop_back();
        }
        if (!out.server.starts_with(kHttps) || out.server.size() == kHttps.size()) {
            server->error("\"" + server->node().text() + "\" does not begin with https://; namegate uses no other connection");
        }
    }
    if (const auto insecure = cluster.text("insecure-skip-tls-verify"); insecure && *insecure != "false") {
        cluster.field_error(
            "insecure-skip-tls-verify",
            "not supported: insecure-skip-tls-verify: whoever answered in place of the API server could open pods; name its "
            "certificate-authority");
    }
    refuse(cluster, kRefusedOfCluster);
    out.authority = material(cluster, "certificate-authority", "certificate-authority-data");
    if (!out.authority.is_given()) {
        cluster.error("certificate-authority or certificate-authority-data is missing");
    }
}

void read_user(const Cursor& user, Access& out) {
    refuse(user, kRefusedOfUser);
    out.certificate = material(user, "client-certificate", "client-certificate-data");
    out.key = material(user, "client-key", "client-key-data");
    if (const auto path = user.text("tokenFile"); path && !path->empty()) {
        out.token.path = absolute(user.context().file, *path);
    } else {
        out.token.content = user.text("token").value_or("");
    }
    if (out.certificate.is_given() != out.key.is_given()) {
        user.error("client-certificate and client-key need each other");
    }
    if (!policy::has_errors(user.context().problems) && !out.token.is_given() && !out.certificate.is_given()) {
        user.error("there is neither a token nor a client certificate");
    }
}

void decode(const Cursor& root, Access& out) {
    const auto current = root.text("current-context");
    if (!current || current->empty()) {
        root.error("current-context is missing");
        return;
    }
    const auto list = [&root](std::string_view name) {
        auto found = root.child(name);
        if (!found || !found->node().is_sequence()) {
            root.error(std::string(name) + " is missing, or not a list");
            found.reset();
        }
        return found;
    };
    const auto contexts = list("contexts");
    const auto clusters = list("clusters");
    const auto users = list("users");
    if (!contexts || !clusters || !users) {
        return;
    }
    with_entry(*contexts, *current, "context", "current-context", [&](const Cursor& context) {
        with_entry(*clusters, context.text("cluster").value_or(""), "cluster", "the context",
                   [&out](const Cursor& cluster) { read_cluster(cluster, out); });
        with_entry(*users, context.text("user").value_or(""), "user", "the context", [&out](const Cursor& user) { read_user(user, out); });
    });
}

Error first_problem(const policy::Problems& problems) {
    for (const policy::Problem& problem : problems) {
        if (problem.severity == policy::Problem::Severity::kError) {
            return {Code::kInvalidInput, policy::to_string(problem)};
        }
    }
    return {Code::kInvalidInput, "the kubeconfig has an error"};
}

}  // namespace

Result<Access> parse_kubeconfig(const std::string& path, std::string_view content) {
    const policy::ParseOutcome parsed = policy::parse_documents(path, content);
    if (policy::has_errors(parsed.problems)) {
        return first_problem(parsed.problems);
    }
    if (parsed.documents.size() != 1 || !parsed.documents.front().is_map()) {
        return Error(Code::kInvalidInput, path + " is not a kubeconfig");
    }
    policy::DecodeContext context{path, {}, {}};
    Access out;
    decode(Cursor(context, parsed.documents.front()), out);
    if (policy::has_errors(context.problems)) {
        return first_problem(context.problems);
    }
    return out;
}

Result<Access> load_kubeconfig(const std::string& path) {
    NG_ASSIGN(const std::string content, read_file(path, kMaxKubeconfigBytes));
    return parse_kubeconfig(path, content);
}

}  // namespace namegate::kubernetes
