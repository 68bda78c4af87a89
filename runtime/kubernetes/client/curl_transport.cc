// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client/curl_transport.h"

#include <curl/curl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace namegate::kubernetes {

namespace {

constexpr int kMaxEvents = 16;
constexpr long kKeepAliveSeconds = 15;
constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr long kMsPerSecond = 1'000;
constexpr long kNsPerMs = 1'000'000;
constexpr long kIdleConnections = 8;
// Marks of descriptors in the epoll set that are not libcurl's sockets, whose marks are their numbers.
constexpr std::uint64_t kTimerMark = std::uint64_t{1} << 32U;
constexpr std::uint64_t kAlarmMark = std::uint64_t{1} << 33U;

using EasyHandle = UniqueC<CURL, curl_easy_cleanup>;
using HeaderList = UniqueC<curl_slist, curl_slist_free_all>;

Result<> watch(int poll, int fd, std::uint64_t mark) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = mark;
    return ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0 ? ok() : Result<>(sys_error("epoll_ctl", errno));
}

// Makes a timer that has expired unreadable, so that epoll reports its next expiry.
void drain(int timer) {
    const itimerspec stopped{};
    static_cast<void>(::timerfd_settime(timer, 0, &stopped, nullptr));
}

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
    // Can fail only for lack of memory; then the request fails, or has libcurl's defaults, which verify the server too.
    static_cast<void>(curl_easy_setopt(handle, option, value));
}

// libcurl does not copy the content, which lives as long as the call.
void set_blob(CURL* handle, CURLoption option, std::string& content) {
    if (!content.empty()) {
        curl_blob blob{content.data(), content.size(), CURL_BLOB_NOCOPY};
        set(handle, option, &blob);
    }
}

}  // namespace

struct CurlTransport::Call {
    HttpReceiver* receiver = nullptr;
    Credentials credentials;
    HeaderList headers;
    std::array<char, CURL_ERROR_SIZE> problem{};
    EasyHandle handle;  // destroyed first: it refers to the members before it
    bool has_status = false;
    bool is_unwanted = false;  // the receiver wants no more
};

struct CurlTransport::Curl {
    explicit Curl(CurlTransport& owner) : multi(curl_multi_init()) {
        static_cast<void>(curl_multi_setopt(multi.get(), CURLMOPT_SOCKETFUNCTION, &on_socket));
        static_cast<void>(curl_multi_setopt(multi.get(), CURLMOPT_SOCKETDATA, &owner));
        static_cast<void>(curl_multi_setopt(multi.get(), CURLMOPT_TIMERFUNCTION, &on_timer));
        static_cast<void>(curl_multi_setopt(multi.get(), CURLMOPT_TIMERDATA, &owner));
        static_cast<void>(curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, kIdleConnections));
    }

    static int on_socket(CURL* /*handle*/, curl_socket_t socket, int what, void* data, void* /*own*/) {
        const int poll = static_cast<CurlTransport*>(data)->poll_.get();
        if (what == CURL_POLL_REMOVE) {
            static_cast<void>(::epoll_ctl(poll, EPOLL_CTL_DEL, socket, nullptr));
            return 0;
        }
        epoll_event event{};
        event.events = (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? static_cast<std::uint32_t>(EPOLLIN) : 0U) |
                       (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
        event.data.u64 = static_cast<std::uint64_t>(socket);
        if (::epoll_ctl(poll, EPOLL_CTL_MOD, socket, &event) != 0) {
            return ::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
        }
        return 0;
    }

    static int on_timer(CURLM* /*multi*/, long timeout_ms, void* data) {
        itimerspec time{};
        if (timeout_ms >= 0) {
            time.it_value.tv_sec = timeout_ms / kMsPerSecond;
            time.it_value.tv_nsec = timeout_ms % kMsPerSecond * kNsPerMs;
            time.it_value.tv_nsec += timeout_ms == 0 ? 1 : 0;  // 0 would stop the timer
        }
        return ::timerfd_settime(static_cast<CurlTransport*>(data)->timer_.get(), 0, &time, nullptr);
    }

    static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* data) {
        Call& call = *static_cast<Call*>(data);
        const std::string_view line(bytes, size * count);
        long status = 0;
        static_cast<void>(curl_easy_getinfo(call.handle.get(), CURLINFO_RESPONSE_CODE, &status));
        constexpr long kFinal = 200;  // those below are followed by another status
        if (!call.has_status && status >= kFinal && (line == "\r\n" || line == "\n")) {
            call.has_status = true;
            curl_off_t wait = 0;
            static_cast<void>(curl_easy_getinfo(call.handle.get(), CURLINFO_RETRY_AFTER, &wait));
            call.receiver->on_status(static_cast<int>(status), std::chrono::seconds(wait));
        }
        return size * count;
    }

    static std::size_t on_data(char* bytes, std::size_t size, std::size_t count, void* data) {
        Call& call = *static_cast<Call*>(data);
        call.is_unwanted = !call.receiver->on_data({bytes, size * count});
        return call.is_unwanted ? 0 : size * count;
    }

    static void prepare(Call& call, const HttpRequest& request) {
        CURL* const handle = call.handle.get();
        const std::string url = call.credentials.server + request.target;
        set(handle, CURLOPT_URL, url.c_str());
        set(handle, CURLOPT_PROTOCOLS_STR, "https");
        set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));  // one connection for each watch
        set(handle, CURLOPT_NOSIGNAL, 1L);
        set(handle, CURLOPT_PROXY, "");
        set(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(kConnectTimeout.count()));
        set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
        set(handle, CURLOPT_TCP_KEEPIDLE, kKeepAliveSeconds);
        set(handle, CURLOPT_TCP_KEEPINTVL, kKeepAliveSeconds);
        set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
        set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
        // Only the authority of the credentials counts, not those that the machine trusts.
        set(handle, CURLOPT_CAINFO, static_cast<char*>(nullptr));
        set(handle, CURLOPT_CAPATH, static_cast<char*>(nullptr));
        set_blob(handle, CURLOPT_CAINFO_BLOB, call.credentials.authority);
        set_blob(handle, CURLOPT_SSLCERT_BLOB, call.credentials.certificate);
        set_blob(handle, CURLOPT_SSLKEY_BLOB, call.credentials.key);
        set(handle, CURLOPT_SSLCERTTYPE, "PEM");
        set(handle, CURLOPT_SSLKEYTYPE, "PEM");
        set(handle, CURLOPT_HTTPHEADER, call.headers.get());
        set(handle, CURLOPT_USERAGENT, "namegate/" NAMEGATE_VERSION);
        set(handle, CURLOPT_ERRORBUFFER, call.problem.data());
        set(handle, CURLOPT_HEADERFUNCTION, &on_header);
        set(handle, CURLOPT_HEADERDATA, &call);
        set(handle, CURLOPT_WRITEFUNCTION, &on_data);
        set(handle, CURLOPT_WRITEDATA, &call);
        if (request.method != "GET") {
            set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
            set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
            set(handle, CURLOPT_COPYPOSTFIELDS, request.body.c_str());
        }
    }

    UniqueC<CURLM, curl_multi_cleanup> multi;
};

CurlTransport::CurlTransport(ReadCredentials read_credentials, Fd poll, Fd timer, Fd alarm)
    : read_credentials_(std::move(read_credentials)),
      poll_(std::move(poll)),
      timer_(std::move(timer)),
      alarm_(std::move(alarm)),
      curl_(std::make_unique<Curl>(*this)) {}

CurlTransport::~CurlTransport() {
    for (const auto& call : calls_) {
        static_cast<void>(curl_multi_remove_handle(curl_->multi.get(), call.second->handle.get()));
    }
}

Result<std::unique_ptr<CurlTransport>> CurlTransport::create(ReadCredentials read_credentials) {
    // OpenSSL writes to sockets without MSG_NOSIGNAL.
    static const CURLcode initialised = ::signal(SIGPIPE, SIG_IGN) == SIG_ERR ? CURLE_FAILED_INIT : curl_global_init(CURL_GLOBAL_DEFAULT);
    if (initialised != CURLE_OK) {
        return Error(Code::kInternal, std::string("libcurl cannot start: ") + curl_easy_strerror(initialised));
    }
    Fd poll(::epoll_create1(EPOLL_CLOEXEC));
    Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    Fd alarm(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!poll.valid() || !timer.valid() || !alarm.valid()) {
        return sys_error("epoll_create1 or timerfd_create", errno);
    }
    NG_TRY(watch(poll.get(), timer.get(), kTimerMark));
    NG_TRY(watch(poll.get(), alarm.get(), kAlarmMark));
    return std::unique_ptr<CurlTransport>(
        new CurlTransport(std::move(read_credentials), std::move(poll), std::move(timer), std::move(alarm)));
}

Result<Transport::Transfer> CurlTransport::start(const HttpRequest& request, HttpReceiver& receiver) {
    auto call = std::make_unique<Call>();
    call->receiver = &receiver;
    NG_ASSIGN(call->credentials, read_credentials_());
    server_ = call->credentials.server;
    call->handle.reset(curl_easy_init());
    if (!call->handle || !curl_->multi) {
        return Error(Code::kInternal, "libcurl has no memory");
    }
    const std::string content_type = request.content_type.empty() ? "" : "Content-Type: " + request.content_type;
    const std::string authorization = call->credentials.token.empty() ? "" : "Authorization: Bearer " + call->credentials.token;
    // Without "Expect:" libcurl waits for the server's consent before it sends a large body.
    for (const std::string& line : {"Accept: " + request.accept, authorization, content_type, std::string("Expect:")}) {
        if (!line.empty()) {
            call->headers.reset(curl_slist_append(call->headers.release(), line.c_str()));
        }
    }
    Curl::prepare(*call, request);
    if (const CURLMcode added = curl_multi_add_handle(curl_->multi.get(), call->handle.get()); added != CURLM_OK) {
        return Error(Code::kInternal, std::string("libcurl: ") + curl_multi_strerror(added));
    }
    calls_.emplace(++last_, std::move(call));
    return last_;
}

void CurlTransport::cancel(Transfer transfer) {
    if (const auto call = calls_.find(transfer); call != calls_.end()) {
        static_cast<void>(curl_multi_remove_handle(curl_->multi.get(), call->second->handle.get()));
        calls_.erase(call);
    }
}

void CurlTransport::work() {
    std::array<epoll_event, kMaxEvents> events{};
    const int count = ::epoll_wait(poll_.get(), events.data(), kMaxEvents, 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events.at(static_cast<std::size_t>(i));
        int running = 0;
        if (event.data.u64 == kAlarmMark) {
            drain(alarm_.get());
        } else if (event.data.u64 == kTimerMark) {
            drain(timer_.get());
            static_cast<void>(curl_multi_socket_action(curl_->multi.get(), CURL_SOCKET_TIMEOUT, 0, &running));
        } else {
            const int ready = ((event.events & (EPOLLIN | EPOLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
                              ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                              ((event.events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0);
            static_cast<void>(curl_multi_socket_action(curl_->multi.get(), static_cast<curl_socket_t>(event.data.u64), ready, &running));
        }
    }
    finish_calls();
}

void CurlTransport::finish_calls() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(curl_->multi.get(), &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        const CURLcode code = message->data.result;
        for (auto call = calls_.begin(); call != calls_.end(); ++call) {
            if (call->second->handle.get() != message->easy_handle) {
                continue;
            }
            // The message is invalid from here on.
            static_cast<void>(curl_multi_remove_handle(curl_->multi.get(), call->second->handle.get()));
            const std::unique_ptr<Call> ended = std::move(calls_.extract(call).mapped());
            const char* problem = ended->problem.front() != '\0' ? ended->problem.data() : curl_easy_strerror(code);
            ended->receiver->on_end(code == CURLE_OK ? ok() : Result<>(Error(Code::kTryAgain, ended->is_unwanted ? "stopped" : problem)));
            break;
        }
    }
}

void CurlTransport::wake_at(std::uint64_t boot_ns) const {
    itimerspec time{};
    time.it_value.tv_sec = static_cast<time_t>(boot_ns / kSecondNs);
    time.it_value.tv_nsec = static_cast<long>(boot_ns % kSecondNs);
    time.it_value.tv_nsec += boot_ns == 0 ? 1 : 0;
    static_cast<void>(::timerfd_settime(alarm_.get(), TFD_TIMER_ABSTIME, &time, nullptr));
}

}  // namespace namegate::kubernetes
