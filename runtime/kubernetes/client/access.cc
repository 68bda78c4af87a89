// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/access.h"

#include <cstdlib>
#include <utility>

#include "base/file.h"
#include "kubernetes/client/kubeconfig.h"

namespace namegate::kubernetes {

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing changes the environment
    return value == nullptr ? "" : value;
}

Result<std::string> content_of(const Material& material, std::size_t max_bytes) {
    return material.path.empty() ? Result<std::string>(material.content) : read_file(material.path, max_bytes);
}

// A token goes into a header, which ends at a line break.
Result<std::string> token_of(const Material& material) {
    NG_ASSIGN(std::string token, content_of(material, kMaxTokenBytes));
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
        token.pop_back();
    }
    const std::string place = material.path.empty() ? "the token" : material.path;
    if (material.is_given() && token.empty()) {
        return Error(Code::kInvalidInput, place + " is empty");
    }
    for (const char c : token) {
        if (c <= ' ' || c > '~') {
            return Error(Code::kInvalidInput, place + " has a character that a token cannot have");
        }
    }
    return token;
}

}  // namespace

PodEnvironment pod_environment() { return {variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT")}; }

Result<Access> in_cluster_access(const PodEnvironment& environment) {
    if (environment.host.empty() || environment.port.empty()) {
        return Error(Code::kNotFound,
                     "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, so the daemon does not run in a pod: set "
                     "kubernetes.kubeconfig in namegate.yaml");
    }
    const bool is_v6 = environment.host.find(':') != std::string::npos;
    Access out;
    out.server = "https://" + (is_v6 ? "[" + environment.host + "]" : environment.host) + ":" + environment.port;
    out.authority.path = environment.folder + "/ca.crt";
    out.token.path = environment.folder + "/token";
    return out;
}

Result<Credentials> read_credentials(const Access& access) {
    Credentials out;
    out.server = access.server;
    NG_ASSIGN(out.authority, content_of(access.authority, kMaxCertificateBytes));
    NG_ASSIGN(out.token, token_of(access.token));
    NG_ASSIGN(out.certificate, content_of(access.certificate, kMaxCertificateBytes));
    NG_ASSIGN(out.key, content_of(access.key, kMaxCertificateBytes));
    return out;
}

ReadCredentials credentials_reader(const std::string& kubeconfig) {
    return [kubeconfig]() -> Result<Credentials> {
        NG_ASSIGN(const Access access, kubeconfig.empty() ? in_cluster_access(pod_environment()) : load_kubeconfig(kubeconfig));
        return read_credentials(access);
    };
}

}  // namespace namegate::kubernetes
