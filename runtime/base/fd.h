// SPDX-License-Identifier: Apache-2.0
//
// Fd owns one file descriptor and closes it once. Move-only; not thread-safe; errors of close() are ignored.
#pragma once

#include <unistd.h>

#include <memory>
#include <utility>

namespace namegate {

class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    ~Fd() { reset(); }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    Fd(Fd&& other) noexcept : fd_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset(other.release());
        }
        return *this;
    }

    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1) {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = fd;
    }

  private:
    int fd_ = -1;
};

// A unique_ptr that frees a C library's object with the library's function: UniqueC<nl_sock, nl_socket_free>.
template <auto Free>
struct FreeWith {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};

template <typename T, auto Free>
using UniqueC = std::unique_ptr<T, FreeWith<Free>>;

}  // namespace namegate
