// SPDX-License-Identifier: Apache-2.0
#include "datapath/object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <namegate_bpf.skel.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/log.h"
#include "datapath/map.h"

namespace namegate::datapath {

namespace {

constexpr std::size_t kLogBytes = 1 << 20;
constexpr std::size_t kLogTail = 1500;

// Without this, libbpf writes to stderr.
int print_to_log(enum libbpf_print_level level, const char* format, va_list arguments) {
    char line[512];
    if (level == LIBBPF_DEBUG) {
        return 0;
    }
    const int length = std::vsnprintf(line, sizeof line, format, arguments);
    std::string text(line);
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    log::debug("libbpf", {log::kv("text", text)});
    return length;
}

}  // namespace

void use_own_log() { libbpf_set_print(print_to_log); }

namespace {

struct DestroySkeleton {
    void operator()(namegate_bpf* skeleton) const { namegate_bpf::destroy(skeleton); }
};

std::string tail(const std::string& log) {
    const std::string text = log.c_str();  // up to the first NUL byte
    return text.size() > kLogTail ? "..." + text.substr(text.size() - kLogTail) : text;
}

Result<> load(namegate_bpf* skeleton, const ng_meta& meta) {
    skeleton->rodata->name_seed = meta.seed;
    skeleton->rodata->jiffies_hz = meta.hz;
    skeleton->rodata->held_mark = meta.held_mark;
    NG_ASSIGN(skeleton->rodata->answer_mark, random_mark());
    if (const int error = bpf_map__set_max_entries(skeleton->maps.tls_scratch, raw::possible_cpus()); error != 0) {
        return sys_error("sizing the map tls_scratch", -error);
    }
    std::string log(kLogBytes, '\0');
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton->obj) { bpf_program__set_log_buf(program, log.data(), log.size()); }
    const int error = namegate_bpf::load(skeleton);
    if (error != 0) {
        const Error plain = sys_error("the kernel refused the BPF programs", -error);
        return Error(plain.code(), plain.message() + "; end of the verifier's log: " + tail(log), -error);
    }
    return ok();
}

}  // namespace

std::string pin_name(const std::string& name) {
    std::string out;
    for (const char c : name) {
        out += c == '.' ? std::string("%d") : c == '%' ? std::string("%p") : std::string(1, c);
    }
    return out;
}

std::string name_of_pin(const std::string& pin) {
    std::string out;
    for (std::size_t i = 0; i < pin.size(); ++i) {
        if (pin[i] == '%' && i + 1 < pin.size()) {
            out += pin[++i] == 'd' ? '.' : '%';
        } else {
            out += pin[i];
        }
    }
    return out;
}

Result<> remove_tree(const std::string& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    return error ? Result<>(sys_error("removing " + path, error.value())) : ok();
}

Result<Fd> open_pin(const std::string& path) {
    const int fd = bpf_obj_get(path.c_str());
    if (fd == -ENOENT) {
        return Error(Code::kNotFound, path + " is not pinned", ENOENT);
    }
    if (fd < 0) {
        return sys_error("opening the pin " + path, -fd);
    }
    return Fd(fd);
}

Result<std::uint32_t> random_mark() {
    std::uint32_t mark = 0;
    while (mark == 0) {
        if (::getrandom(&mark, sizeof mark, 0) != static_cast<ssize_t>(sizeof mark)) {
            return sys_error("choosing the mark of frames", errno);
        }
    }
    return mark;
}

std::uint64_t program_build() { return NAMEGATE_BPF_BUILD; }

namespace {

using Skeleton = std::unique_ptr<namegate_bpf, DestroySkeleton>;

Result<Skeleton> open_embedded() {
    Skeleton skeleton(namegate_bpf::open());
    if (!skeleton) {
        return sys_error("opening the embedded BPF object", errno);
    }
    return skeleton;
}

// Makes these programs those that pod_egress and pod_ingress continue with.
Result<> set_tails(const namegate_bpf* skeleton) {
    const bpf_program* const programs[NG_TAILS] = {
        skeleton->progs.filter_queries,  // NG_TAIL_QUERY
        skeleton->progs.tls_egress,      // NG_TAIL_TLS_EGRESS
        skeleton->progs.tls_ingress,     // NG_TAIL_TLS_INGRESS
    };
    for (std::uint32_t place = 0; place < NG_TAILS; ++place) {
        NG_TRY(map_update(bpf_map__fd(skeleton->maps.tails), place, static_cast<std::uint32_t>(bpf_program__fd(programs[place]))));
    }
    return ok();
}

Result<> pin_programs(namegate_bpf* skeleton, const std::string& folder) {
    for (std::size_t i = 0; i < kProgramCount; ++i) {
        const char* name = program_name(static_cast<ProgramId>(i));
        const bpf_program* program = bpf_object__find_program_by_name(skeleton->obj, name);
        if (program == nullptr) {
            return Error(Code::kInternal, std::string("the BPF object has no program ") + name);
        }
        if (const int error = bpf_obj_pin(bpf_program__fd(program), (folder + "/" + name).c_str()); error != 0) {
            return sys_error(std::string("pinning the program ") + name, -error);
        }
    }
    return ok();
}

}  // namespace

Result<> load_and_pin(const ng_meta& meta, const std::string& folder) {
    NG_ASSIGN(const Skeleton skeleton, open_embedded());
    NG_TRY(load(skeleton.get(), meta));
    for (std::size_t i = 0; i < kMapCount; ++i) {
        const char* name = map_name(static_cast<MapId>(i));
        const int fd = bpf_object__find_map_fd_by_name(skeleton->obj, name);
        if (fd < 0) {
            return Error(Code::kInternal, std::string("the BPF object has no map ") + name);
        }
        if (const int error = bpf_obj_pin(fd, (folder + "/maps/" + name).c_str()); error != 0) {
            return sys_error(std::string("pinning the map ") + name, -error);
        }
    }
    NG_TRY(pin_programs(skeleton.get(), folder + "/programs"));
    NG_TRY(set_tails(skeleton.get()));
    const std::uint32_t zero = 0;
    return map_update(bpf_map__fd(skeleton->maps.meta), zero, meta);
}

Result<> load_onto_maps(const ng_meta& meta, const std::string& maps, const std::string& programs) {
    NG_ASSIGN(const Skeleton skeleton, open_embedded());
    for (std::size_t i = 0; i < kMapCount; ++i) {
        const char* name = map_name(static_cast<MapId>(i));
        bpf_map* map = bpf_object__find_map_by_name(skeleton->obj, name);
        if (map == nullptr) {
            return Error(Code::kInternal, std::string("the BPF object has no map ") + name);
        }
        NG_ASSIGN(const Fd pinned, open_pin(maps + "/" + name));
        if (const int error = bpf_map__reuse_fd(map, pinned.get()); error != 0) {
            return sys_error(std::string("using the map ") + name, -error);
        }
    }
    NG_TRY(load(skeleton.get(), meta));
    NG_TRY(pin_programs(skeleton.get(), programs));
    return set_tails(skeleton.get());
}

}  // namespace namegate::datapath
