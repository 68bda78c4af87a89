// SPDX-License-Identifier: Apache-2.0
#include "support/api_server/api_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace namegate::test {
namespace {

constexpr int kBacklog = 64;
constexpr int kNotFound = 404;
constexpr int kGone = 410;
constexpr std::chrono::milliseconds kTick{10};

std::string status_json(int code, const std::string& reason, const std::string& message) {
    return Json{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Failure"}, {"message", message}, {"reason", reason}, {"code", code}}
        .dump();
}

std::string query_of(const ReceivedRequest& request, const std::string& name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? "" : found->second;
}

// Equalities of labels, and of spec.nodeName and metadata.name, are understood.
bool is_selected(const ReceivedRequest& request, const Json& object) {
    const Json& metadata = object["metadata"];
    if (const std::size_t at = request.path.find("/namespaces/"); at != std::string::npos) {
        const std::string rest = request.path.substr(at + std::string("/namespaces/").size());
        if (rest.substr(0, rest.find('/')) != metadata.value("namespace", "")) {
            return false;
        }
    }
    std::istringstream labels(query_of(request, "labelSelector"));
    for (std::string one; std::getline(labels, one, ',');) {
        const std::size_t equals = one.find('=');
        if (metadata.value("labels", Json::object()).value(one.substr(0, equals), "") != one.substr(equals + 1)) {
            return false;
        }
    }
    const std::string field = query_of(request, "fieldSelector");
    return field.empty() || field == "metadata.name=" + metadata.value("name", "") ||
           (object.contains("spec") && field == "spec.nodeName=" + object["spec"].value("nodeName", ""));
}

bool wants_metadata(const ReceivedRequest& request) {
    const auto accept = request.headers.find("accept");
    return accept != request.headers.end() && accept->second.find("as=PartialObjectMetadata") != std::string::npos;
}

Json shown(const ReceivedRequest& request, const Json& object) {
    return wants_metadata(request) ? Json{{"kind", "PartialObjectMetadata"}, {"metadata", object["metadata"]}} : object;
}

std::uint64_t number(const std::string& text) { return text.empty() ? 0 : std::stoull(text); }

}  // namespace

ApiServer::ApiServer() : context_(SSL_CTX_new(TLS_server_method())) {
    use_certificate(authority_);
    start();
}

ApiServer::~ApiServer() {
    stop();
    SSL_CTX_free(context_);
}

void ApiServer::use_certificate(const Authority& authority) {
    const Certificate own = authority.issue("api server", "127.0.0.1");
    BIO* const pem = BIO_new_mem_buf(own.pem.data(), static_cast<int>(own.pem.size()));
    BIO* const key_pem = BIO_new_mem_buf(own.key.data(), static_cast<int>(own.key.size()));
    X509* const certificate = PEM_read_bio_X509(pem, nullptr, nullptr, nullptr);
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(key_pem, nullptr, nullptr, nullptr);
    const bool usable = SSL_CTX_use_certificate(context_, certificate) == 1 && SSL_CTX_use_PrivateKey(context_, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(pem);
    BIO_free(key_pem);
    // A client may show a certificate, which must then be of our authority.
    const std::string root = authority_.pem();
    BIO* const root_pem = BIO_new_mem_buf(root.data(), static_cast<int>(root.size()));
    X509* const root_certificate = PEM_read_bio_X509(root_pem, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), root_certificate);
    X509_free(root_certificate);
    BIO_free(root_pem);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    if (!usable) {
        throw std::runtime_error("the certificate of the API server cannot be used");
    }
}

std::string ApiServer::write_kubeconfig(const std::string& folder, const std::string& token) const {
    const auto write = [&](const std::string& name, const std::string& content) {
        std::ofstream(folder + "/" + name) << content;
        return folder + "/" + name;
    };
    std::string user = "token: " + token;
    if (token.empty()) {
        const Certificate client = client_certificate();
        user = "client-certificate: " + write("client.crt", client.pem) + ", client-key: " + write("client.key", client.key);
    }
    return write("kubeconfig",
                 "apiVersion: v1\nkind: Config\ncurrent-context: test\ncontexts:\n- name: test\n  context: {cluster: test, user: "
                 "node}\nclusters:\n- name: test\n  cluster: {server: \"" +
                     url() + "\", certificate-authority: " + write("ca.crt", authority_pem()) + "}\nusers:\n- name: node\n  user: {" +
                     user + "}\n");
}

void ApiServer::put(const std::string& kind, const Json& object) {
    const std::lock_guard lock(mutex_);
    kinds_[kind].put(++version_, object);
    changed_.notify_all();
}

void ApiServer::remove(const std::string& kind, const std::string& name_space, const std::string& name) {
    const std::lock_guard lock(mutex_);
    kinds_[kind].remove(++version_, {name_space, name});
    changed_.notify_all();
}

void ApiServer::set_labels(const std::string& kind, const std::string& name_space, const std::string& name, const Json& labels) {
    const std::lock_guard lock(mutex_);
    Json object = kinds_[kind].objects().at({name_space, name});
    object["metadata"]["labels"] = labels;
    kinds_[kind].put(++version_, object);
    changed_.notify_all();
}

void ApiServer::accept_token(const std::string& token) {
    const std::lock_guard lock(mutex_);
    settings_.token = token;
}

void ApiServer::set_page_limit(std::size_t objects) {
    const std::lock_guard lock(mutex_);
    settings_.page_limit = objects;
}

void ApiServer::set_delay(std::chrono::milliseconds delay) {
    const std::lock_guard lock(mutex_);
    settings_.delay = delay;
}

void ApiServer::set_bookmarks(std::chrono::milliseconds every) {
    const std::lock_guard lock(mutex_);
    settings_.bookmarks = every;
}

void ApiServer::set_status(int status) {
    const std::lock_guard lock(mutex_);
    settings_.status = status;
}

void ApiServer::set_status_of(const std::string& kind, int status) {
    const std::lock_guard lock(mutex_);
    settings_.status_of[kind] = status;
}

void ApiServer::expire_in_events(bool in_events) {
    const std::lock_guard lock(mutex_);
    settings_.expire_in_events = in_events;
}

void ApiServer::compact() {
    const std::lock_guard lock(mutex_);
    ++version_;
    for (auto& kind : kinds_) {
        kind.second.compact(version_);
    }
}

void ApiServer::send_raw(const std::string& kind, const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    kinds_[kind].send(++version_, bytes);
    changed_.notify_all();
}

void ApiServer::use_other_certificate() {
    const std::lock_guard lock(mutex_);
    use_certificate(other_authority_);
}

void ApiServer::drop_connections() {
    const std::lock_guard lock(mutex_);
    ++dropped_;
    for (const auto& client : clients_) {
        client->shut_down();
    }
    changed_.notify_all();
}

void ApiServer::start() {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    socklen_t size = sizeof(address);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_.get(), kBacklog) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("the API server cannot listen");
    }
    port_ = ntohs(address.sin_port);
    stopping_ = false;
    acceptor_ = std::thread([this] { accept_clients(); });
}

void ApiServer::stop() {
    if (!acceptor_.joinable()) {
        return;
    }
    stopping_ = true;
    acceptor_.join();
    listener_.reset();
    drop_connections();
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

std::vector<ReceivedRequest> ApiServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::uint64_t ApiServer::version() const {
    const std::lock_guard lock(mutex_);
    return version_;
}

std::size_t ApiServer::count(const std::string& what) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(what);
    return found == counts_.end() ? 0 : found->second;
}

void ApiServer::accept_clients() {
    // OpenSSL writes to sockets without MSG_NOSIGNAL. The threads of the clients inherit this.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    while (!stopping_) {
        pollfd poll{listener_.get(), POLLIN, 0};
        if (::poll(&poll, 1, static_cast<int>(kTick.count())) != 1) {
            continue;
        }
        Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket.valid()) {
            continue;
        }
        const std::lock_guard lock(mutex_);
        ++connections_;
        auto client = std::make_shared<TlsConnection>(context_, std::move(socket));
        clients_.push_back(client);
        threads_.emplace_back([this, client] {
            serve(*client);
            client->shut_down();
            const std::lock_guard own(mutex_);
            clients_.remove(client);
        });
    }
}

void ApiServer::serve(TlsConnection& connection) {
    if (!connection.accept()) {
        return;
    }
    while (const auto request = connection.receive()) {
        pause();
        if (!answer(connection, *request)) {
            return;
        }
    }
}

void ApiServer::pause() const {
    std::unique_lock lock(mutex_);
    const std::chrono::milliseconds delay = settings_.delay;
    lock.unlock();
    if (delay.count() > 0) {
        std::this_thread::sleep_for(delay);
    }
}

bool ApiServer::answer(TlsConnection& connection, const ReceivedRequest& request) {
    const Target target = target_of(request.path);
    const std::string& kind = target.kind;
    const bool is_watch = query_of(request, "watch") == "1";
    Settings settings;
    {
        const std::lock_guard lock(mutex_);
        ++counts_[(is_watch                                         ? "watch "
                   : target.is_group                                ? "group "
                   : target.name.empty() && request.method == "GET" ? "list "
                                                                    : "object ") +
                  kind];
        requests_.push_back(request);
        settings = settings_;
    }
    const auto token = request.headers.find("authorization");
    if (!settings.token.empty() && (token == request.headers.end() || token->second != "Bearer " + settings.token)) {
        return connection.reply(401, status_json(401, "Unauthorized", "Unauthorized"));
    }
    if (settings.status != 200) {
        return connection.reply(settings.status, status_json(settings.status, "Forbidden", "no rights for " + kind), "Retry-After: 0\r\n");
    }
    const auto status = settings.status_of.find(kind);
    if (status != settings.status_of.end() && status->second != 200) {
        return connection.reply(status->second, status_json(status->second, "Forbidden", "no rights for " + kind));
    }
    if (target.is_group) {
        return answer_group(connection, kind);
    }
    if (!is_served(kind)) {
        return connection.reply(kNotFound, status_json(kNotFound, "NotFound", "the server could not find the requested resource"));
    }
    if (!target.name.empty() || request.method != "GET") {
        return answer_object(connection, request, target);
    }
    return is_watch ? answer_watch(connection, kind, request) : answer_list(connection, kind, request);
}

// `continue` is "version/objects that were sent".
bool ApiServer::answer_list(TlsConnection& connection, const std::string& kind, const ReceivedRequest& request) {
    std::unique_lock lock(mutex_);
    const ObjectHistory& history = kinds_[kind];
    const std::string token = query_of(request, "continue");
    const std::size_t slash = token.find('/');
    const std::uint64_t at = token.empty() ? version_ : number(token.substr(0, slash));
    if (!history.has_changes_since(at)) {
        lock.unlock();
        return connection.reply(kGone, status_json(kGone, "Expired", "The provided continue parameter is too old"));
    }
    if (number(query_of(request, "resourceVersion")) > version_) {
        lock.unlock();
        return connection.reply(504, status_json(504, "Timeout", "Too large resource version"));
    }
    const std::size_t limit = std::min<std::size_t>(settings_.page_limit, number(query_of(request, "limit")));
    std::size_t skip = token.empty() ? 0 : number(token.substr(slash + 1));
    std::size_t sent = skip;
    Json items = Json::array();
    bool more = false;
    for (const auto& entry : history.objects()) {
        if (!is_selected(request, entry.second)) {
            continue;
        }
        if (skip > 0) {
            --skip;
        } else if (items.size() == limit) {
            more = true;
            break;
        } else {
            items.push_back(shown(request, entry.second));
            ++sent;
        }
    }
    Json list{{"kind", "List"}, {"apiVersion", "v1"}, {"metadata", {{"resourceVersion", std::to_string(at)}}}, {"items", items}};
    if (more) {
        list["metadata"]["continue"] = std::to_string(at) + "/" + std::to_string(sent);
    }
    lock.unlock();
    return connection.reply(200, list.dump() + "\n");
}

bool ApiServer::answer_watch(TlsConnection& connection, const std::string& kind, const ReceivedRequest& request) {
    const std::uint64_t from = number(query_of(request, "resourceVersion"));
    std::unique_lock lock(mutex_);
    const bool gone = !kinds_[kind].has_changes_since(from);
    const bool in_events = settings_.expire_in_events;
    lock.unlock();
    const std::string status = status_json(kGone, "Expired", "too old resource version: " + std::to_string(from));
    if (gone && !in_events) {
        return connection.reply(kGone, status);
    }
    if (!connection.begin_chunks()) {
        return false;
    }
    if (gone) {
        return connection.send_chunk("{\"type\":\"ERROR\",\"object\":" + status + "}\n") && connection.send_chunk("");
    }
    ++open_watches_;
    const bool usable = follow(connection, kind, request, from);
    --open_watches_;
    return usable;
}

bool ApiServer::follow(TlsConnection& connection, const std::string& kind, const ReceivedRequest& request, std::uint64_t version) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(number(query_of(request, "timeoutSeconds")));
    auto bookmark = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    const std::uint64_t dropped = dropped_;
    std::size_t next = 0;
    while (!stopping_ && dropped == dropped_ && std::chrono::steady_clock::now() < end) {
        const auto& events = kinds_[kind].events();
        if (next == events.size()) {
            changed_.wait_for(lock, kTick);
            const auto now = std::chrono::steady_clock::now();
            if (settings_.bookmarks.count() > 0 && now - bookmark >= settings_.bookmarks) {
                bookmark = now;
                const std::string line =
                    Json{{"type", "BOOKMARK"}, {"object", {{"kind", "Pod"}, {"metadata", {{"resourceVersion", std::to_string(version_)}}}}}}
                        .dump();
                lock.unlock();
                if (!connection.send_chunk(line + "\n")) {
                    return false;
                }
                lock.lock();
            }
            continue;
        }
        ObjectEvent event = events[next++];
        if (event.version <= version) {
            continue;
        }
        if (event.raw.empty() && !is_selected(request, event.object)) {
            // An object that leaves the selection is deleted as far as the client can see.
            const auto before =
                std::find_if(events.rend() - static_cast<std::ptrdiff_t>(next - 1), events.rend(), [&](const ObjectEvent& one) {
                    return one.raw.empty() && ObjectHistory::name_of(one.object) == ObjectHistory::name_of(event.object);
                });
            if (before == events.rend() || !is_selected(request, before->object)) {
                continue;
            }
            event.type = "DELETED";
        }
        lock.unlock();
        pause();
        const std::string line =
            event.raw.empty() ? Json{{"type", event.type}, {"object", shown(request, event.object)}}.dump() + "\n" : event.raw;
        if (!connection.send_chunk(line)) {
            return false;
        }
        lock.lock();
    }
    lock.unlock();
    return !stopping_ && connection.send_chunk("");
}

}  // namespace namegate::test
