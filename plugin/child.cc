// SPDX-License-Identifier: Apache-2.0
#include "plugin/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/child_process.h"

namespace namegate::plugin {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        result.push_back(const_cast<char*>(text.c_str()));
    }
    result.push_back(nullptr);
    return result;
}

}  // namespace

Result<Child> Child::start(const ChildCommand& command) {
    NG_ASSIGN(Pipe input, make_pipe());
    NG_ASSIGN(Pipe output, make_pipe());
    if (::fcntl(input.writer.get(), F_SETFL, O_NONBLOCK) != 0) {
        return sys_error("setting up a pipe", errno);
    }
    const std::vector<char*> arguments = pointers(command.arguments);
    const std::vector<char*> environment = pointers(command.environment);
    NG_ASSIGN(const pid_t child,
              start_program({command.path.c_str(), arguments.data(), environment.data(), input.reader.get(), output.writer.get()}));
    return Child(child, std::move(input.reader), std::move(input.writer), std::move(output.reader));
}

Child::~Child() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        wait_for_child(pid_);
    }
}

void Child::feed(std::string input) {
    unread_ = std::move(input);
    write_input();
}

// Writes as much as fits into the pipe, and closes it after the last byte.
void Child::write_input() {
    while (!unread_.empty()) {
        const ssize_t got = ::write(input_.get(), unread_.data(), unread_.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return;
        }
        unread_.erase(0, static_cast<std::size_t>(got));
    }
    input_.reset();
}

Result<std::string> Child::read_until(const std::function<bool(const std::string&)>& suffices) {
    std::array<char, 16384> buffer{};
    while (!suffices(text_)) {
        // poll() ignores negative descriptors.
        const int input = unread_.empty() ? -1 : input_.get();
        std::array<pollfd, 2> ready{pollfd{output_.get(), POLLIN, 0}, pollfd{input, POLLOUT, 0}};
        if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) {
            return sys_error("waiting for a program", errno);
        }
        if (ready[1].revents != 0) {
            write_input();
        }
        if (ready[0].revents == 0) {
            continue;
        }
        const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
        if (got < 0 && errno != EINTR) {
            return sys_error("reading a program's output", errno);
        }
        if (got == 0) {
            break;
        }
        text_.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (text_.size() > kMaxChildOutputBytes) {
            return Error(Code::kExhausted, "a program's output is longer than " + std::to_string(kMaxChildOutputBytes) + " bytes");
        }
    }
    return text_;
}

Result<ChildOutput> Child::finish() {
    write_input();  // a child that was never fed gets an empty stdin
    auto text = read_until([](const std::string&) { return false; });
    if (!text) {
        ::kill(pid_, SIGKILL);
    }
    const int status = wait_for_child(std::exchange(pid_, -1));
    if (!text) {
        return text.error();
    }
    return ChildOutput{status, std::move(text).value()};
}

Result<ChildOutput> run_child(const ChildCommand& command, std::string input) {
    NG_ASSIGN(Child child, Child::start(command));
    child.feed(std::move(input));
    auto output = child.finish();
    return output ? std::move(output) : Result<ChildOutput>(output.error().with_context(command.path));
}

}  // namespace namegate::plugin
