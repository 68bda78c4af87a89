// SPDX-License-Identifier: Apache-2.0
// How the API server is reached: a kubeconfig, or the service account of a pod.
#include "kubernetes/client/access.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "kubernetes/client/base64.h"
#include "kubernetes/client/kubeconfig.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::kubernetes;
using namegate::test::TempDir;

namespace {

// With these fields of the cluster, besides its server, and of the user.
std::string kubeconfig(const std::string& cluster, const std::string& user, const std::string& server = "https://10.0.0.1:6443/") {
    return "apiVersion: v1\nkind: Config\ncurrent-context: c\npreferences: {}\ncontexts:\n- name: c\n  context: {cluster: k, user: u, "
           "namespace: x}\nclusters:\n- name: other\n- name: k\n  cluster:\n    server: " +
           server + "\n    " + cluster + "\nusers:\n- name: u\n  user:\n    " + user + "\n";
}

const std::string kAuthority = "certificate-authority: pki/ca.crt";

std::string error_of(const std::string& cluster, const std::string& user, const std::string& server = "https://10.0.0.1:6443") {
    const auto access = parse_kubeconfig("/etc/k/config", kubeconfig(cluster, user, server));
    return access ? "" : access.error().message();
}

bool contains(const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
    return text.find(part) != std::string::npos;
}

void write(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::trunc) << content; }

}  // namespace

TEST_CASE("a kubeconfig with a token, a token's file, or a client certificate is read; paths are relative to it") {
    auto access = parse_kubeconfig("/etc/k/config", kubeconfig(kAuthority, "token: abc"));
    REQUIRE(access);
    CHECK(access->server == "https://10.0.0.1:6443");
    CHECK(access->authority.path == "/etc/k/pki/ca.crt");
    CHECK(access->token.content == "abc");
    CHECK_FALSE(access->certificate.is_given());

    access = parse_kubeconfig("/etc/k/config", kubeconfig("certificate-authority-data: Q0E=", "token: old\n    tokenFile: /run/token"));
    REQUIRE(access);
    CHECK(access->authority.content == "CA");
    CHECK(access->token.path == "/run/token");
    CHECK(access->token.content.empty());

    access = parse_kubeconfig("/etc/k/config", kubeconfig(kAuthority, "client-certificate: c.crt\n    client-key-data: S0VZ"));
    REQUIRE(access);
    CHECK(access->certificate.path == "/etc/k/c.crt");
    CHECK(access->key.content == "KEY");

    // As JSON.
    CHECK(parse_kubeconfig("/etc/k/config.json",
                           R"({"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],
                               "clusters":[{"name":"k","cluster":{"server":"https://a","certificate-authority":"/ca"}}],
                               "users":[{"name":"u","user":{"token":"t"}}]})"));
}

TEST_CASE("what a daemon must not do is refused, with its place in the kubeconfig") {
    contains(error_of(kAuthority, "exec: {command: aws}"), "/etc/k/config:17:5: error: users[0].user.exec: not supported: exec");
    contains(error_of(kAuthority, "auth-provider: {name: gcp}"), "not supported: auth-provider");
    contains(error_of(kAuthority, "username: a\n    password: b"), "no longer accepts passwords");
    contains(error_of(kAuthority, "token: t\n    as: admin"), "does not impersonate");
    contains(error_of("insecure-skip-tls-verify: true", "token: t"),
             "clusters[1].cluster.insecure-skip-tls-verify: not supported: insecure-skip-tls-verify: whoever answered");
    CHECK(error_of("insecure-skip-tls-verify: false\n    " + kAuthority, "token: t").empty());
    contains(error_of(kAuthority + "\n    proxy-url: http://p", "token: t"), "not supported: proxy-url");
    contains(error_of(kAuthority + "\n    tls-server-name: x", "token: t"), "not supported: tls-server-name");
    contains(error_of(kAuthority, "token: t", "http://10.0.0.1"), "does not begin with https://");
}

TEST_CASE("what is missing in a kubeconfig is named") {
    contains(error_of("extensions: []", "token: t"), "certificate-authority or certificate-authority-data is missing");
    contains(error_of(kAuthority, "token: ''"), "neither a token nor a client certificate");
    contains(error_of(kAuthority, "client-certificate: c"), "need each other");
    contains(error_of("certificate-authority-data: '***'", "token: t"), "is not base64");
    const auto refused = [](const std::string& content) { return parse_kubeconfig("k", content).error().message(); };
    contains(refused("a: 1"), "current-context is missing");
    contains(refused("current-context: c"), "contexts is missing");
    contains(refused("current-context: c\ncontexts: []\nclusters: []\nusers: []"), "no entry with the name \"c\"");
    contains(refused("current-context: c\ncontexts: [{name: c}]\nclusters: []\nusers: []"), "context is missing");
    contains(refused("current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: []\nusers: []"),
             "no entry with the name \"k\", which the context names");
    contains(refused("- a"), "is not a kubeconfig");
    contains(refused("a: ["), "k:");
}

TEST_CASE("in a pod, the service account's files are used, and read again as they rotate") {
    const TempDir dir;
    CHECK(in_cluster_access({"", "", dir.path()}).error().code() == Code::kNotFound);
    const auto access = in_cluster_access({"10.96.0.1", "443", dir.path()});
    REQUIRE(access);
    CHECK(access->server == "https://10.96.0.1:443");
    CHECK(in_cluster_access({"fd00::1", "443", dir.path()})->server == "https://[fd00::1]:443");
    contains(read_credentials(*access).error().message(), dir.path() + "/ca.crt");
    write(dir.path() + "/ca.crt", "CA");
    write(dir.path() + "/token", "first\n");
    CHECK(read_credentials(*access)->token == "first");
    write(dir.path() + "/token", "second");
    CHECK(read_credentials(*access)->token == "second");
    CHECK(read_credentials(*access)->authority == "CA");
}

TEST_CASE("a token that would break the request's header is refused") {
    const TempDir dir;
    Access access{"https://a", {"", "CA"}, {dir.path() + "/token", ""}, {}, {}};
    write(dir.path() + "/token", "a\r\nX-Other: b");
    contains(read_credentials(access).error().message(), "a character that a token cannot have");
    write(dir.path() + "/token", " \n");
    contains(read_credentials(access).error().message(), "is empty");
    write(dir.path() + "/token", std::string(kMaxTokenBytes + 1, 'x'));
    CHECK(read_credentials(access).error().code() == Code::kExhausted);
}

TEST_CASE("base64 is decoded, and nothing else is taken for it") {
    CHECK(base64_decoded("") == "");
    CHECK(base64_decoded("QQ==") == "A");
    CHECK(base64_decoded("QUI=") == "AB");
    CHECK(base64_decoded("QUJD\nREVG") == "ABCDEF");
    CHECK(base64_decoded("/+8=") == "\xff\xef");
    for (const char* bad : {"Q", "QQ", "QQ=", "QQ==Q", "QU-D", "Q===", "===="}) {
        INFO(bad);
        CHECK_FALSE(base64_decoded(bad));
    }
}
