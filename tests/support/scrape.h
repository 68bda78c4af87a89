// SPDX-License-Identifier: Apache-2.0
//
// A scrape of a running daemon, and its series.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/http_client.h"

namespace namegate::test {

struct Scrape {
    std::string text;
    std::map<std::string, double> series;      // `name{label="value"}` as written
    std::map<std::string, std::string> types;  // of the families

    explicit Scrape(std::string body) : text(std::move(body)) {
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            std::istringstream words(line);
            std::string first;
            std::string second;
            std::string third;
            if (line.rfind("# TYPE ", 0) == 0) {
                words >> first >> second >> second >> third;
                types[second] = third;
            } else if (line.rfind('#', 0) != 0) {
                const std::size_t space = line.rfind(' ');
                if (!series.emplace(line.substr(0, space), std::stod(line.substr(space + 1))).second) {
                    throw std::runtime_error("twice in the scrape: " + line);
                }
            }
        }
    }

    // Throws if there is no such series.
    double at(const std::string& name) const {
        const auto found = series.find(name);
        if (found == series.end()) {
            throw std::runtime_error("not in the scrape: " + name + "\n" + text);
        }
        return found->second;
    }
};

// What the server sends to one request. Throws if it takes more than 10 s.
inline HttpClient finish(HttpClient client) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!client.has_response() && !client.ended()) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error("no response over HTTP: " + client.text());
        }
        std::this_thread::sleep_for(std::chrono::microseconds(100));
        client.receive();
    }
    return client;
}

inline Scrape scrape(std::uint16_t port) {
    HttpClient client = HttpClient::tcp(port);
    client.get("/metrics");
    client = finish(std::move(client));
    if (client.status() != 200) {
        throw std::runtime_error("the scrape failed: " + client.text());
    }
    return Scrape(client.body());
}

// A scrape that no earlier one has made.
inline Scrape new_scrape(std::uint16_t port) {
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
    return scrape(port);
}

}  // namespace namegate::test
