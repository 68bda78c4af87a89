// SPDX-License-Identifier: Apache-2.0
#include "daemon_set.h"

#include <yaml-cpp/yaml.h>

#include <atomic>
#include <filesystem>
#include <stdexcept>

#include "support/eventually.h"
#include "support/netns.h"

namespace namegate::test {

namespace {

constexpr const char* kAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

template <typename T>
T must_get(const Result<T>& result, const std::string& what) {
    if (!result) {
        throw std::runtime_error(what + ": " + result.error().message());
    }
    return *result;
}

std::vector<std::string> words_at(const YAML::Node& node) {
    return node ? node.as<std::vector<std::string>>() : std::vector<std::string>();
}

// The folder of a volume, made as its type says.
std::string folder_of(const YAML::Node& volumes, const std::string& name, const PodSite& site) {
    for (const YAML::Node& volume : volumes) {
        if (volume["name"].as<std::string>() != name) {
            continue;
        }
        if (volume["configMap"]) {
            return site.config_maps.at(volume["configMap"]["name"].as<std::string>());
        }
        const std::string path = volume["hostPath"]["path"].as<std::string>();
        if (volume["hostPath"]["type"].as<std::string>() == "DirectoryOrCreate") {
            std::filesystem::create_directories(path);
        } else if (!std::filesystem::is_directory(path)) {
            throw std::runtime_error("hostPath " + path + " is not a folder");
        }
        return path;
    }
    throw std::runtime_error("no volume " + name);
}

// "$(NAME)" becomes the value.
std::string expanded(std::string text, const std::map<std::string, std::string>& environment) {
    for (const auto& [name, value] : environment) {
        const std::string reference = "$(" + name + ")";
        for (std::size_t at = text.find(reference); at != std::string::npos; at = text.find(reference)) {
            text.replace(at, reference.size(), value);
        }
    }
    return text;
}

std::map<std::string, std::string> environment_of(const YAML::Node& container, const PodSite& site) {
    std::map<std::string, std::string> out = site.environment;
    for (const YAML::Node& variable : container["env"]) {
        if (variable["valueFrom"]["fieldRef"]["fieldPath"].as<std::string>() != "spec.nodeName") {
            throw std::runtime_error("a variable that the test does not know");
        }
        out[variable["name"].as<std::string>()] = site.node_name;
    }
    return out;
}

void add_security(const YAML::Node& security, ContainerSpec& spec) {
    if (words_at(security["capabilities"]["drop"]) != std::vector<std::string>{"ALL"} ||
        security["seccompProfile"]["type"].as<std::string>() != "RuntimeDefault" || security["privileged"]) {
        throw std::runtime_error("the container " + spec.name + " is not restricted");
    }
    spec.restricted = true;
    spec.capabilities = words_at(security["capabilities"]["add"]);
    spec.read_only_root = security["readOnlyRootFilesystem"].as<bool>();
    spec.no_new_privileges = security["allowPrivilegeEscalation"] && !security["allowPrivilegeEscalation"].as<bool>();
}

ContainerSpec container_of(const YAML::Node& container, const YAML::Node& volumes, const std::string& image, const PodSite& site) {
    ContainerSpec spec;
    spec.name = container["name"].as<std::string>();
    spec.image = image.empty() ? container["image"].as<std::string>() : image;
    spec.command = words_at(container["command"]);
    spec.environment = environment_of(container, site);
    for (const std::string& word : words_at(container["args"])) {
        spec.arguments.push_back(expanded(word, spec.environment));
    }
    for (const YAML::Node& mount : container["volumeMounts"]) {
        spec.mounts.push_back({folder_of(volumes, mount["name"].as<std::string>(), site), mount["mountPath"].as<std::string>(),
                               mount["readOnly"] && mount["readOnly"].as<bool>()});
    }
    if (!site.service_account.empty()) {
        spec.mounts.push_back({site.service_account, kAccountFolder, true});
    }
    add_security(container["securityContext"], spec);
    return spec;
}

}  // namespace

DaemonSetPod::DaemonSetPod(Cri& cri, const std::string& manifest, const std::string& image, const PodSite& site) : cri_(cri) {
    static std::atomic<unsigned> counter{0};
    const YAML::Node object = YAML::LoadFile(manifest);
    const YAML::Node pod = object["spec"]["template"]["spec"];
    grace_seconds_ = pod["terminationGracePeriodSeconds"].as<unsigned>();
    spec_.name = object["metadata"]["name"].as<std::string>() + "-" + std::to_string(counter++);
    spec_.name_space = object["metadata"]["namespace"].as<std::string>();
    spec_.host_network = pod["hostNetwork"].as<bool>();
    spec_.log_folder = site.logs + "/" + spec_.name;
    std::filesystem::create_directories(spec_.log_folder);
    sandbox_ = must_get(cri_.run_pod(spec_), spec_.name);
    for (const YAML::Node& init : pod["initContainers"]) {
        const ContainerSpec spec = container_of(init, pod["volumes"], image, site);
        const std::string id = must_get(cri_.run_container(sandbox_, spec_, spec), spec.name);
        std::optional<int> ended;
        if (!eventually([&] { return (ended = must_get(cri_.exit_code(id), spec.name)).has_value(); }, std::chrono::seconds(30)) ||
            *ended != 0) {
            throw std::runtime_error("the init container " + spec.name + " failed: " + logs());
        }
    }
    if (pod["containers"].size() != 1) {
        throw std::runtime_error("the test knows pods of one container");
    }
    const YAML::Node main = pod["containers"][0];
    const ContainerSpec spec = container_of(main, pod["volumes"], image, site);
    readiness_ = words_at(main["readinessProbe"]["exec"]["command"]);
    if (main["livenessProbe"]) {
        liveness_ = words_at(main["livenessProbe"]["exec"]["command"]);
    }
    container_ = must_get(cri_.run_container(sandbox_, spec_, spec), spec.name);
}

ExecOutput DaemonSetPod::probe(const std::vector<std::string>& command) const {
    const auto output = cri_.exec(container_, command);
    return output ? *output : ExecOutput{-1, output.error().message()};
}

void DaemonSetPod::remove() {
    must_get(cri_.stop_container(container_, grace_seconds_), "stop " + spec_.name);
    must_get(cri_.stop_pod(sandbox_), "stop " + spec_.name);
    must_get(cri_.remove_pod(sandbox_), "remove " + spec_.name);
}

std::string DaemonSetPod::logs() const { return run_command("tail -n 40 " + spec_.log_folder + "/*.log").text; }

}  // namespace namegate::test
