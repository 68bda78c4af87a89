// SPDX-License-Identifier: Apache-2.0
//
// How this node reaches the API server: by the service account of the pod in which the daemon runs, or by a kubeconfig. Files are read
// again for each request, so that rotated tokens and certificates are followed. Functions without state; reading blocks on the disk.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxTokenBytes = 64 * 1024;
inline constexpr std::size_t kMaxCertificateBytes = 1024 * 1024;
inline constexpr const char* kServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

// A secret or certificate: in a file, or written in the kubeconfig itself. Both empty: there is none.
struct Material {
    std::string path;
    std::string content;

    bool is_given() const { return !path.empty() || !content.empty(); }
};

// Where the server is, and where the credentials are.
struct Access {
    std::string server;  // "https://10.0.0.1:6443", without a slash at the end
    Material authority;  // of the server's certificate
    Material token;
    Material certificate;  // of the client
    Material key;
};

// What a request needs.
struct Credentials {
    std::string server;
    std::string authority;  // PEM
    std::string token;      // empty: none
    std::string certificate;
    std::string key;
};

// Where a pod finds its service account.
struct PodEnvironment {
    std::string host;  // KUBERNETES_SERVICE_HOST
    std::string port;  // KUBERNETES_SERVICE_PORT
    std::string folder = kServiceAccountFolder;
};
PodEnvironment pod_environment();

// kNotFound: the process does not run in a pod.
Result<Access> in_cluster_access(const PodEnvironment& environment);
// Reads the files. The error names the file.
Result<Credentials> read_credentials(const Access& access);

// Called for each request.
using ReadCredentials = std::function<Result<Credentials>()>;
// `kubeconfig`: its path; empty: the service account of the pod.
ReadCredentials credentials_reader(const std::string& kubeconfig);

}  // namespace namegate::kubernetes
