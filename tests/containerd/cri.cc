// SPDX-License-Identifier: Apache-2.0
#include "cri.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include <cri.grpc.pb.h>

namespace namegate::test {

namespace {

namespace v1 = ::runtime::v1;

constexpr unsigned kSeconds = 60;

void limit(grpc::ClientContext& context, unsigned seconds) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
    context.set_wait_for_ready(true);
}

Error failed(const grpc::Status& status) { return {Code::kIo, status.error_message()}; }

v1::PodSandboxConfig config_of(const SandboxSpec& spec) {
    v1::PodSandboxConfig config;
    config.mutable_metadata()->set_name(spec.name);
    config.mutable_metadata()->set_namespace_(spec.name_space);
    config.mutable_metadata()->set_uid(spec.uid.empty() ? "uid-" + spec.name : spec.uid);
    config.mutable_metadata()->set_attempt(spec.attempt);
    config.mutable_labels()->insert(spec.labels.begin(), spec.labels.end());
    config.mutable_annotations()->insert(spec.annotations.begin(), spec.annotations.end());
    config.mutable_linux()->set_cgroup_parent(kCgroupParent);
    config.mutable_linux()->mutable_security_context()->mutable_namespace_options()->set_pid(v1::CONTAINER);
    if (spec.host_network) {
        config.mutable_linux()->mutable_security_context()->mutable_namespace_options()->set_network(v1::NODE);
    }
    config.set_log_directory(spec.log_folder);
    for (const std::string& server : spec.dns_servers) {
        config.mutable_dns_config()->add_servers(server);
    }
    if (spec.host_port != 0) {
        v1::PortMapping* port = config.add_port_mappings();
        port->set_host_port(spec.host_port);
        port->set_container_port(spec.container_port);
    }
    return config;
}

// As kubelet asks for it: /proc is protected, and the runtime's filter of system calls is on.
void restrict(v1::LinuxContainerSecurityContext& context, const ContainerSpec& spec, bool host_network) {
    context.mutable_capabilities()->add_drop_capabilities("ALL");
    for (const std::string& capability : spec.capabilities) {
        context.mutable_capabilities()->add_add_capabilities(capability);
    }
    context.mutable_namespace_options()->set_pid(v1::CONTAINER);
    context.mutable_namespace_options()->set_network(host_network ? v1::NODE : v1::POD);
    context.set_readonly_rootfs(spec.read_only_root);
    context.set_no_new_privs(spec.no_new_privileges);
    context.mutable_seccomp()->set_profile_type(0);
    for (const char* path : {"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"}) {
        context.add_masked_paths(path);
    }
    for (const char* path : {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}) {
        context.add_readonly_paths(path);
    }
}

void describe(v1::ContainerConfig& config, const ContainerSpec& spec, bool host_network) {
    config.mutable_metadata()->set_name(spec.name);
    config.mutable_image()->set_image(spec.image);
    config.mutable_command()->Add(spec.command.begin(), spec.command.end());
    config.mutable_args()->Add(spec.arguments.begin(), spec.arguments.end());
    config.set_log_path(spec.name + ".log");
    for (const auto& [name, value] : spec.environment) {
        v1::KeyValue* variable = config.add_envs();
        variable->set_key(name);
        variable->set_value(value);
    }
    for (const ContainerMount& mount : spec.mounts) {
        v1::Mount* made = config.add_mounts();
        made->set_host_path(mount.host_path);
        made->set_container_path(mount.container_path);
        made->set_readonly(mount.read_only);
    }
    if (spec.restricted) {
        restrict(*config.mutable_linux()->mutable_security_context(), spec, host_network);
    }
}

}  // namespace

struct Cri::Stub {
    std::unique_ptr<v1::RuntimeService::Stub> runtime;
};

Cri::Cri(const std::string& socket) : stub_(std::make_unique<Stub>()) {
    grpc::ChannelArguments arguments;
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    stub_->runtime =
        v1::RuntimeService::NewStub(grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments));
}

Cri::~Cri() = default;

Result<bool> Cri::network_ready() {
    grpc::ClientContext context;
    limit(context, kSeconds);
    v1::StatusResponse reply;
    if (const auto status = stub_->runtime->Status(&context, v1::StatusRequest(), &reply); !status.ok()) {
        return failed(status);
    }
    for (const v1::RuntimeCondition& condition : reply.status().conditions()) {
        if (condition.type() == "NetworkReady") {
            return condition.status();
        }
    }
    return false;
}

Result<std::string> Cri::run_pod(const SandboxSpec& spec, unsigned seconds) {
    grpc::ClientContext context;
    limit(context, seconds);
    v1::RunPodSandboxRequest request;
    *request.mutable_config() = config_of(spec);
    v1::RunPodSandboxResponse reply;
    if (const auto status = stub_->runtime->RunPodSandbox(&context, request, &reply); !status.ok()) {
        return failed(status);
    }
    return reply.pod_sandbox_id();
}

Result<> Cri::stop_pod(const std::string& sandbox) {
    grpc::ClientContext context;
    limit(context, kSeconds);
    v1::StopPodSandboxRequest request;
    request.set_pod_sandbox_id(sandbox);
    v1::Empty reply;
    const auto status = stub_->runtime->StopPodSandbox(&context, request, &reply);
    return status.ok() ? ok() : Result<>(failed(status));
}

Result<> Cri::remove_pod(const std::string& sandbox) {
    grpc::ClientContext context;
    limit(context, kSeconds);
    v1::StopPodSandboxRequest request;
    request.set_pod_sandbox_id(sandbox);
    v1::Empty reply;
    const auto status = stub_->runtime->RemovePodSandbox(&context, request, &reply);
    return status.ok() ? ok() : Result<>(failed(status));
}

Result<std::string> Cri::pod_ip(const std::string& sandbox) {
    grpc::ClientContext context;
    limit(context, kSeconds);
    v1::StopPodSandboxRequest request;
    request.set_pod_sandbox_id(sandbox);
    v1::PodSandboxStatusResponse reply;
    if (const auto status = stub_->runtime->PodSandboxStatus(&context, request, &reply); !status.ok()) {
        return failed(status);
    }
    return reply.status().network().ip();
}

Result<std::string> Cri::run_container(const std::string& sandbox, const SandboxSpec& spec, const std::vector<std::string>& command,
                                       const std::string& name, const std::string& image) {
    return run_container(sandbox, spec, ContainerSpec{name, image, command});
}

Result<std::string> Cri::run_container(const std::string& sandbox, const SandboxSpec& pod, const ContainerSpec& spec) {
    v1::CreateContainerRequest request;
    request.set_pod_sandbox_id(sandbox);
    *request.mutable_sandbox_config() = config_of(pod);
    describe(*request.mutable_config(), spec, pod.host_network);
    v1::ContainerId container;
    {
        grpc::ClientContext context;
        limit(context, kSeconds);
        if (const auto status = stub_->runtime->CreateContainer(&context, request, &container); !status.ok()) {
            return failed(status);
        }
    }
    grpc::ClientContext context;
    limit(context, kSeconds);
    v1::Empty reply;
    if (const auto status = stub_->runtime->StartContainer(&context, container, &reply); !status.ok()) {
        return failed(status);
    }
    return container.container_id();
}

Result<> Cri::stop_container(const std::string& container, unsigned seconds) {
    grpc::ClientContext context;
    limit(context, kSeconds);
    v1::StopContainerRequest request;
    request.set_container_id(container);
    request.set_timeout(seconds);
    v1::Empty reply;
    const auto status = stub_->runtime->StopContainer(&context, request, &reply);
    return status.ok() ? ok() : Result<>(failed(status));
}

Result<std::optional<int>> Cri::exit_code(const std::string& container) {
    constexpr int kEnded = 2;
    grpc::ClientContext context;
    limit(context, kSeconds);
    v1::ContainerId request;
    request.set_container_id(container);
    v1::ContainerStatusResponse reply;
    if (const auto status = stub_->runtime->ContainerStatus(&context, request, &reply); !status.ok()) {
        return failed(status);
    }
    return reply.status().state() == kEnded ? std::optional<int>(reply.status().exit_code()) : std::nullopt;
}

Result<ExecOutput> Cri::exec(const std::string& container, const std::vector<std::string>& command) {
    grpc::ClientContext context;
    limit(context, kSeconds);
    v1::ExecSyncRequest request;
    request.set_container_id(container);
    request.set_timeout(kSeconds);
    for (const std::string& word : command) {
        request.add_cmd(word);
    }
    v1::ExecSyncResponse reply;
    if (const auto status = stub_->runtime->ExecSync(&context, request, &reply); !status.ok()) {
        return failed(status);
    }
    return ExecOutput{reply.exit_code(), reply.output() + reply.errors()};
}

}  // namespace namegate::test
