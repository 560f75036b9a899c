#pragma once

#include <cstdint>
#include <string>

namespace clmbr {

// A file opened for reading at given offsets from several threads. Memory mapping is avoided on purpose: a file that
// shrinks while it is mapped ends the process.
class File {
public:
    // `path` is UTF-8. Throws Error FILE_UNREADABLE.
    explicit File(const std::string & path);
    ~File();
    File(const File &) = delete;

    uint64_t size() const { return size_; }

    // Fills `target`; throws Error FILE_UNREADABLE when fewer bytes are there.
    void read(uint64_t offset, void * target, size_t bytes) const;

private:
    std::string path_;
    uint64_t size_ = 0;
#if defined(_WIN32)
    void * handle_ = nullptr;
#else
    int descriptor_ = -1;
#endif
};

}  // namespace clmbr
