// SPDX-License-Identifier: Apache-2.0
#include "ctl/report/archive.h"

#include <zlib.h>

#include <array>
#include <cstdio>
#include <cstring>

namespace namegate::ctl {

namespace {

constexpr std::size_t kBlock = 512;
// The fields of a ustar header: offset and length, with the zero at the end of a number.
struct Field {
    std::size_t at;
    std::size_t length;
};
constexpr Field kName = {0, 100};
constexpr Field kMode = {100, 8};
constexpr Field kUser = {108, 8};
constexpr Field kGroup = {116, 8};
constexpr Field kSize = {124, 12};
constexpr Field kTime = {136, 12};
constexpr Field kSum = {148, 8};
constexpr std::size_t kType = 156;
constexpr std::size_t kMagic = 257;
constexpr char kFile = '0';

using Header = std::array<char, kBlock>;

void put_octal(Header& header, Field field, std::uint64_t value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%0*llo", static_cast<int>(field.length - 1), static_cast<unsigned long long>(value));
    std::memcpy(header.data() + field.at, text.data(), field.length - 1);
}

// The sum counts its own field as spaces.
void put_sum(Header& header) {
    std::memset(header.data() + kSum.at, ' ', kSum.length);
    std::uint64_t sum = 0;
    for (const char byte : header) {
        sum += static_cast<unsigned char>(byte);
    }
    put_octal(header, {kSum.at, kSum.length - 1}, sum);
    header[kSum.at + kSum.length - 2] = '\0';
}

// The stream of one deflate() call, ended on every way out.
class Deflater {
  public:
    Deflater() {
        constexpr int kGzip = 16;  // zlib: added to the size of the window, for a gzip header
        ready_ = ::deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip + MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
    }
    ~Deflater() {
        if (ready_) {
            ::deflateEnd(&stream_);
        }
    }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;
    Deflater(Deflater&&) = delete;
    Deflater& operator=(Deflater&&) = delete;

    Result<std::string> run(std::string content) {
        if (!ready_) {
            return Error(Code::kExhausted, "no memory to compress");
        }
        std::string out(::deflateBound(&stream_, content.size()), '\0');
        // deflate() reads and writes bytes as unsigned ones.
        stream_.next_in = reinterpret_cast<Bytef*>(content.data());
        stream_.avail_in = static_cast<uInt>(content.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        if (::deflate(&stream_, Z_FINISH) != Z_STREAM_END) {
            return Error(Code::kExhausted, "no memory to compress");
        }
        out.resize(stream_.total_out);
        return out;
    }

  private:
    z_stream stream_{};
    bool ready_ = false;
};

}  // namespace

Result<> Archive::add(std::string_view name, std::string_view content) {
    const std::string path = folder_ + "/" + std::string(name);
    if (path.size() > kName.length) {
        return Error(Code::kInvalidInput, "the name " + path + " is too long for a tar file");
    }
    Header header{};
    std::memcpy(header.data() + kName.at, path.data(), path.size());
    put_octal(header, kMode, 0600);
    put_octal(header, kUser, 0);
    put_octal(header, kGroup, 0);
    put_octal(header, kSize, content.size());
    put_octal(header, kTime, static_cast<std::uint64_t>(seconds_));
    header[kType] = kFile;
    std::memcpy(header.data() + kMagic,
                "ustar\0"
                "00",
                8);
    put_sum(header);
    tar_.append(header.data(), header.size());
    tar_.append(content);
    tar_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
    return ok();
}

Result<std::string> Archive::compressed() const {
    return Deflater().run(tar_ + std::string(2 * kBlock, '\0'));  // two empty blocks end a tar file
}

}  // namespace namegate::ctl
