#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "error.h"
#include "faults.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <sys/mman.h>
#endif

namespace clmbr {
namespace {

// The system zeroes fresh pages. Huge ones are not asked for: on a machine whose memory is in pieces, the kernel then spends seconds
// on making room for them.
void * allocate(size_t bytes) {
#if defined(_WIN32)
    return VirtualAlloc(nullptr, bytes, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
#else
    void * data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return nullptr;
    return data;
#endif
}

}  // namespace

Buffer::Buffer(size_t bytes, const std::string & purpose) : bytes_(bytes) {
    if (bytes == 0) return;
    data_ = faults::allocation_fails() ? nullptr : allocate(bytes);
    if (data_ == nullptr)
        throw Error("OUT_OF_MEMORY", "Could not get " + std::to_string(bytes) + " bytes of memory for " + purpose + ".");
    faults::allocated(bytes);
}

void Buffer::release() {
    if (data_ == nullptr) return;
#if defined(_WIN32)
    VirtualFree(data_, 0, MEM_RELEASE);
#else
    munmap(data_, bytes_);
#endif
    faults::released(bytes_);
    data_ = nullptr;
}

}  // namespace clmbr
