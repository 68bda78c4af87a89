// SPDX-License-Identifier: Apache-2.0
// Loads a BPF object on the running kernel, runs each program once on a small frame, and prints the result. Linked statically: it is
// the only program in the virtual machine besides the shell.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

int print_warnings(libbpf_print_level level, const char* format, va_list arguments) {
    return level == LIBBPF_WARN ? std::vfprintf(stdout, format, arguments) : 0;
}

// An empty datapath must drop every frame: no interface is configured.
bool runs_closed(const bpf_program* program) {
    std::array<unsigned char, 64> frame{};
    frame[12] = 0x08;  // IPv4
    frame[14] = 0x45;
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = frame.size(), .repeat = 1, );
    const int status = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
    const std::string_view name = bpf_program__name(program);
    const bool expected_drop = name.starts_with("pod_");
    const int verdict = static_cast<int>(options.retval);
    std::printf("program %s: run %d, verdict %d\n", bpf_program__name(program), status, verdict);
    return status == 0 && (verdict == 2) == expected_drop;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::printf("usage: load_objects OBJECT\n");
        return 2;
    }
    libbpf_set_print(print_warnings);
    bpf_object* object = bpf_object__open_file(argv[1], nullptr);
    if (object == nullptr || bpf_object__load(object) != 0) {
        std::printf("load failed: %s\n", std::strerror(errno));
        return 1;
    }
    bool good = true;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) { good = runs_closed(program) && good; }
    bpf_object__close(object);
    std::printf("%s\n", good ? "ALL LOADED" : "WRONG VERDICT");
    return good ? 0 : 1;
}
