// Makes the k-th allocation of a kind fail, once, and counts what is held.
#pragma once

#include <cstddef>

namespace clmbr::test {

// Heap: operator new. Malloc: what ggml asks the C library for. Read: a call that reads the file. Device: a graph on a device. DeviceMemory: memory on one.
enum class Fault { Buffer, Thread, Heap, Malloc, Read, Device, DeviceMemory };

// From here on, the `index`-th attempt of this kind fails (0: the next one).
void arm(Fault kind, long index);
// Ends that; true when the fault came to pass.
bool disarm();

// Whether this build can make Fault::Malloc happen.
bool can_fail_malloc();

// From here on, one call reads at most as many bytes; SIZE_MAX: as many as it wants.
void limit_reads(size_t bytes);

// Bytes in Buffers, and blocks from operator new, at the moment.
long long buffer_bytes();
long long heap_blocks();

}  // namespace clmbr::test
