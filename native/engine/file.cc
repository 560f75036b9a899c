#include "file.h"

#include <cerrno>
#include <cstring>

#include "error.h"
#include "faults.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#include <vector>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace clmbr {
namespace {

[[noreturn]] void fail(const std::string & path, const std::string & what) {
    throw Error("FILE_UNREADABLE", "Could not read " + path + ": " + what + ".");
}

}  // namespace

#if defined(_WIN32)

namespace {

std::string reason(DWORD error) {
    switch (error) {
        case ERROR_FILE_NOT_FOUND:
        case ERROR_PATH_NOT_FOUND: return "there is no such file";
        case ERROR_ACCESS_DENIED: return "access is denied";
        case ERROR_SHARING_VIOLATION: return "another program has locked it";
        default: return "Windows gives error " + std::to_string(error);
    }
}

}  // namespace

File::File(const std::string & path) : path_(path) {
    const int length = MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, nullptr, 0);
    std::vector<wchar_t> wide(static_cast<size_t>(length > 0 ? length : 1));
    MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, wide.data(), length);
    const HANDLE handle = CreateFileW(wide.data(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                      OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (handle == INVALID_HANDLE_VALUE) fail(path, reason(GetLastError()));
    LARGE_INTEGER size;
    if (GetFileType(handle) != FILE_TYPE_DISK || !GetFileSizeEx(handle, &size)) {
        // The destructor does not run for an object that was never finished.
        CloseHandle(handle);
        fail(path, "it is not a regular file");
    }
    handle_ = handle;
    size_ = static_cast<uint64_t>(size.QuadPart);
}

File::~File() {
    CloseHandle(handle_);
}

void File::read(uint64_t offset, void * target, size_t bytes) const {
    char * out = static_cast<char *>(target);
    while (bytes > 0) {
        OVERLAPPED at = {};
        at.Offset = static_cast<DWORD>(offset);
        at.OffsetHigh = static_cast<DWORD>(offset >> 32);
        if (faults::reading_fails()) fail(path_, reason(ERROR_READ_FAULT));
        const size_t wanted = faults::readable(bytes);
        const DWORD chunk = wanted > (1u << 30) ? 1u << 30 : static_cast<DWORD>(wanted);
        DWORD got = 0;
        const bool read = ReadFile(handle_, out, chunk, &got, &at);
        if (!read && GetLastError() != ERROR_HANDLE_EOF) fail(path_, reason(GetLastError()));
        if (got == 0) fail(path_, "it ended before the data that its header promises");
        out += got;
        offset += got;
        bytes -= got;
    }
}

#else

File::File(const std::string & path) : path_(path) {
    descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail(path, std::strerror(errno));
    struct stat status;
    if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(descriptor_);
        fail(path, "it is not a regular file");
    }
    size_ = static_cast<uint64_t>(status.st_size);
}

File::~File() {
    if (descriptor_ >= 0) close(descriptor_);
}

void File::read(uint64_t offset, void * target, size_t bytes) const {
    char * out = static_cast<char *>(target);
    while (bytes > 0) {
        if (faults::reading_fails()) fail(path_, std::strerror(EIO));
        const ssize_t got = pread(descriptor_, out, faults::readable(bytes), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(path_, std::strerror(errno));
        if (got == 0) fail(path_, "it ended before the data that its header promises");
        out += got;
        offset += static_cast<uint64_t>(got);
        bytes -= static_cast<size_t>(got);
    }
}

#endif

}  // namespace clmbr
