// SPDX-License-Identifier: Apache-2.0
#include "base/binary.h"

namespace namegate {

void put_number(std::string& out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        out += static_cast<char>(value >> (8 * i) & 0xffU);
    }
}

void put_text(std::string& out, std::string_view text) {
    put_number(out, text.size(), 2);
    out += text;
}

std::string_view BinaryReader::bytes(std::size_t count) {
    if (count > rest_.size()) {
        good_ = false;
        return {};
    }
    const std::string_view out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return out;
}

std::uint64_t BinaryReader::number(std::size_t bytes) {
    std::uint64_t value = 0;
    std::size_t shift = 0;
    for (const char byte : this->bytes(bytes)) {
        value |= std::uint64_t{static_cast<unsigned char>(byte)} << shift;
        shift += 8;
    }
    return value;
}

std::string_view BinaryReader::text(std::size_t most) {
    const std::string_view out = bytes(number(2));
    good_ = good_ && out.size() <= most;
    return out;
}

}  // namespace namegate
