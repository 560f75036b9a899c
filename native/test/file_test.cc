#include "../engine/file.h"

#include <cstdio>
#include <filesystem>
#include <vector>

#include "model.h"
#include "test.h"

using namespace clmbr;
using namespace clmbr::test;

TEST("file: reads at any offset, not past its end") {
    std::vector<uint8_t> bytes(1000);
    for (size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<uint8_t>(i * 7);
    const std::string path = temporary_path();
    write_bytes(path, bytes);
    {
        const File file(path);
        CHECK_EQUAL(file.size(), 1000u);
        std::vector<uint8_t> read(100);
        file.read(900, read.data(), 100);
        CHECK(std::memcmp(read.data(), bytes.data() + 900, 100) == 0);
        file.read(1000, read.data(), 0);
        CHECK_THROWS("FILE_UNREADABLE", "it ended before", file.read(901, read.data(), 100));
        CHECK_THROWS("FILE_UNREADABLE", "it ended before", file.read(5000, read.data(), 1));
    }
    std::remove(path.c_str());
    CHECK_THROWS("FILE_UNREADABLE", path.c_str(), File{path});
}

TEST("file: what is not a regular file is refused") {
    CHECK_THROWS("FILE_UNREADABLE", "Could not read", File{std::filesystem::temp_directory_path().string()});
    CHECK_THROWS("FILE_UNREADABLE", "Could not read", File{""});
}
