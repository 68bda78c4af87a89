// SPDX-License-Identifier: Apache-2.0
#include "containerd/find_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <set>

#include "base/fd.h"
#include "support/temp_dir.h"

using namespace namegate;
using namespace namegate::containerd;

namespace {

std::optional<std::string> find_among(const std::set<std::string>& there) {
    return find_containerd_socket([&there](const std::string& path) { return there.count(path) != 0; });
}

}  // namespace

TEST_CASE("containerd's socket is found where containerd, k3s, RKE2 or MicroK8s put it") {
    for (const char* path :
         {"/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock", "/var/snap/microk8s/common/run/containerd.sock"}) {
        CHECK(find_among({path}) == path);
    }
    CHECK_FALSE(find_among({}));
    CHECK_FALSE(find_among({"/run/docker/containerd/containerd.sock"}));
}

TEST_CASE("the socket of a distribution comes before the default one, which may be Docker's") {
    CHECK(find_among({"/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock"}) == "/run/k3s/containerd/containerd.sock");
    CHECK(find_among({"/run/containerd/containerd.sock", "/var/snap/microk8s/common/run/containerd.sock"}) ==
          "/var/snap/microk8s/common/run/containerd.sock");
}

TEST_CASE("a file or folder of that name is not a socket") {
    const test::TempDir directory;
    const std::string path = directory.path() + "/containerd.sock";
    CHECK_FALSE(is_socket(path));
    CHECK_FALSE(is_socket(directory.path()));
    std::ofstream(directory.path() + "/file") << "x";
    CHECK_FALSE(is_socket(directory.path() + "/file"));
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    CHECK(is_socket(path));
}
