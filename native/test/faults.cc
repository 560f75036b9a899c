#include "faults.h"

#include <atomic>
#include <cstdlib>
#include <new>
#include <system_error>

#include "../engine/faults.h"

namespace clmbr::test {
namespace {

// Attempts that still succeed before one fails; below zero: all succeed.
std::atomic<long> remaining[5] = {{-1}, {-1}, {-1}, {-1}, {-1}};
std::atomic<bool> happened{false};
std::atomic<long long> bytes_in_buffers{0}, blocks_in_heap{0};

bool fails(Fault kind) {
    std::atomic<long> & left = remaining[static_cast<int>(kind)];
    if (left.load(std::memory_order_relaxed) < 0 || left.fetch_sub(1) != 0) return false;
    happened = true;
    return true;
}

void * heap_block(size_t bytes) noexcept {
    if (fails(Fault::Heap)) return nullptr;
    void * block = std::malloc(bytes == 0 ? 1 : bytes);
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

void arm(Fault kind, long index) {
    happened = false;
    remaining[static_cast<int>(kind)] = index;
}

bool disarm() {
    for (auto & left : remaining) left = -1;
    return happened;
}

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

bool device_fails() { return test::fails(test::Fault::Device); }
bool device_is_full() { return test::fails(test::Fault::DeviceMemory); }

}  // namespace clmbr::faults

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
