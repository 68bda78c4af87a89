// SPDX-License-Identifier: Apache-2.0
//
// A policy runtime for tests: the folder of the configuration file is its state. Each endpoint is a file with the flags of the host
// interface at the time of add(); files named "fail-…" make the step of that name fail.
#include <dirent.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/file.h"
#include "plugin/wiring.h"

namespace namegate::plugin {

namespace {

class FileProgrammer final : public node::EndpointLifecycle {
  public:
    explicit FileProgrammer(std::string directory) : directory_(std::move(directory)) {}

    void restore_grace_periods() override {}
    void shorten_grace_periods() override {}

    Result<> add(endpoints::Record& record) override {
        NG_TRY(admit(record));
        return program(record, [] { return ok(); });
    }
    Result<> admit(endpoints::Record& record) override {
        NG_TRY(write_file_atomically(path(record.container_id, record.ifname) + ".json", endpoints::to_json(record), 0600));
        return exists("fail-admit") ? Result<>(Error(Code::kTryAgain, "told to fail")) : ok();
    }
    Result<> program(endpoints::Record& record, const std::function<Result<>()>& meanwhile) override {
        NG_TRY(meanwhile());
        const auto flags = read_file("/sys/class/net/" + record.host_ifname + "/flags", 64);
        NG_TRY(write_file_atomically(path(record.container_id, record.ifname), flags ? *flags : "none", 0600));
        NG_TRY(write_file_atomically(path(record.container_id, record.ifname) + ".json", endpoints::to_json(record), 0600));
        return exists("fail-add") ? Result<>(Error(Code::kTryAgain, "told to fail")) : ok();
    }

    Result<> remove(const std::string& container_id, const std::string& ifname) override {
        if (exists("fail-remove")) {
            return Error(Code::kIo, "told to fail");
        }
        NG_TRY(remove_file(path(container_id, ifname) + ".json"));
        return remove_file(path(container_id, ifname));
    }

    Result<> check(const std::string& container_id, const std::string& ifname) override {
        return std::filesystem::exists(path(container_id, ifname)) ? ok()
                                                                   : Result<>(Error(Code::kNotFound, "the endpoint is not programmed"));
    }
    Result<std::vector<Attachment>> attachments(const std::string& network) override {
        std::vector<Attachment> out;
        for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
            if (entry.path().extension() == ".json") {
                NG_ASSIGN(const std::string text, read_file(entry.path(), endpoints::kMaxRecordBytes));
                NG_ASSIGN(const endpoints::Record record, endpoints::record_from_json(text));
                if (record.network == network) {
                    out.push_back({record.container_id, record.ifname});
                }
            }
        }
        return out;
    }

    Result<> status() override {
        if (exists("fail-status")) {
            return Error(Code::kIo, "told to fail");
        }
        return exists("fail-pods") ? Result<>(Error(Code::kNotFound, "told to fail")) : ok();
    }

  private:
    bool exists(const std::string& name) const { return std::filesystem::exists(directory_ + "/" + name); }
    std::string path(const std::string& container_id, const std::string& ifname) const {
        return directory_ + "/endpoint-" + container_id + "-" + ifname;
    }

    std::string directory_;
};

}  // namespace

Result<std::unique_ptr<node::EndpointLifecycle>> open_lifecycle(const std::string& config_path, Clock& /*clock*/) {
    std::string directory = std::filesystem::path(config_path).parent_path();
    if (std::filesystem::exists(directory + "/fail-create")) {
        return Error(Code::kInvalidInput, "told to fail");
    }
    return std::unique_ptr<node::EndpointLifecycle>(std::make_unique<FileProgrammer>(std::move(directory)));
}

}  // namespace namegate::plugin
