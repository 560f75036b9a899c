#include "faults.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <system_error>

#include "../engine/faults.h"

#if defined(CLMBR_WRAPS_MALLOC)
// The linker sends calls of malloc() to __wrap_malloc(), and those of __real_malloc() to malloc().
extern "C" void * __real_malloc(size_t bytes);
extern "C" int __real_posix_memalign(void ** block, size_t alignment, size_t bytes);
static void * plain_malloc(size_t bytes) { return __real_malloc(bytes); }
#else
static void * plain_malloc(size_t bytes) { return std::malloc(bytes); }
#endif

namespace clmbr::test {
namespace {

// Attempts that still succeed before one fails; below zero: all succeed.
std::atomic<long> remaining[] = {{-1}, {-1}, {-1}, {-1}, {-1}, {-1}, {-1}};
std::atomic<bool> happened{false};
std::atomic<size_t> read_limit{SIZE_MAX};
std::atomic<long long> bytes_in_buffers{0}, blocks_in_heap{0};

bool fails(Fault kind) {
    std::atomic<long> & left = remaining[static_cast<int>(kind)];
    if (left.load(std::memory_order_relaxed) < 0 || left.fetch_sub(1) != 0) return false;
    happened = true;
    return true;
}

void * heap_block(size_t bytes) noexcept {
    if (fails(Fault::Heap)) return nullptr;
    void * block = plain_malloc(bytes == 0 ? 1 : bytes);
    if (block != nullptr) blocks_in_heap.fetch_add(1, std::memory_order_relaxed);
    return block;
}

void * heap_block_or_throw(size_t bytes) {
    void * block = heap_block(bytes);
    if (block == nullptr) throw std::bad_alloc();
    return block;
}

void free_block(void * block) noexcept {
    if (block != nullptr) blocks_in_heap.fetch_sub(1, std::memory_order_relaxed);
    std::free(block);
}

}  // namespace

bool malloc_fails() { return fails(Fault::Malloc); }

void arm(Fault kind, long index) {
    happened = false;
    remaining[static_cast<int>(kind)] = index;
}

bool disarm() {
    for (auto & left : remaining) left = -1;
    return happened;
}

bool can_fail_malloc() {
#if defined(CLMBR_WRAPS_MALLOC)
    return true;
#else
    return false;
#endif
}

void limit_reads(size_t bytes) { read_limit = bytes; }

long long buffer_bytes() { return bytes_in_buffers; }
long long heap_blocks() { return blocks_in_heap; }

}  // namespace clmbr::test

namespace clmbr::faults {

bool allocation_fails() { return test::fails(test::Fault::Buffer); }
void allocated(size_t bytes) { test::bytes_in_buffers += static_cast<long long>(bytes); }
void released(size_t bytes) { test::bytes_in_buffers -= static_cast<long long>(bytes); }
void before_thread_start() {
    if (test::fails(test::Fault::Thread)) throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
}

bool reading_fails() { return test::fails(test::Fault::Read); }
size_t readable(size_t bytes) { return std::min(bytes, test::read_limit.load()); }

bool device_fails() { return test::fails(test::Fault::Device); }
bool device_is_full() { return test::fails(test::Fault::DeviceMemory); }

}  // namespace clmbr::faults

#if defined(CLMBR_WRAPS_MALLOC)
extern "C" void * __wrap_malloc(size_t bytes) { return clmbr::test::malloc_fails() ? nullptr : __real_malloc(bytes); }
extern "C" int __wrap_posix_memalign(void ** block, size_t alignment, size_t bytes) {
    return clmbr::test::malloc_fails() ? ENOMEM : __real_posix_memalign(block, alignment, bytes);
}
#endif

void * operator new(size_t bytes) { return clmbr::test::heap_block_or_throw(bytes); }
void * operator new[](size_t bytes) { return clmbr::test::heap_block_or_throw(bytes); }
void * operator new(size_t bytes, const std::nothrow_t &) noexcept { return clmbr::test::heap_block(bytes); }
void * operator new[](size_t bytes, const std::nothrow_t &) noexcept { return clmbr::test::heap_block(bytes); }
void operator delete(void * block) noexcept { clmbr::test::free_block(block); }
void operator delete[](void * block) noexcept { clmbr::test::free_block(block); }
void operator delete(void * block, size_t) noexcept { clmbr::test::free_block(block); }
void operator delete[](void * block, size_t) noexcept { clmbr::test::free_block(block); }
void operator delete(void * block, const std::nothrow_t &) noexcept { clmbr::test::free_block(block); }
void operator delete[](void * block, const std::nothrow_t &) noexcept { clmbr::test::free_block(block); }
