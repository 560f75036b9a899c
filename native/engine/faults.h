// Points at which native/test lets memory, threads, files or devices fail. The addon is compiled without CLMBR_FAULT_INJECTION: nothing is left
// of them there.
#pragma once

#include <cstddef>

namespace clmbr::faults {

#if defined(CLMBR_FAULT_INJECTION)
// Defined in native/test/faults.cc.
bool allocation_fails();
void allocated(size_t bytes);
void released(size_t bytes);
void before_thread_start();  // throws std::system_error when it is to fail
bool reading_fails();
size_t readable(size_t bytes);  // how many of them one call reads
bool device_fails();         // in the middle of a graph
bool device_is_full();       // when it is asked for memory
#else
inline bool allocation_fails() { return false; }
inline void allocated(size_t) {}
inline void released(size_t) {}
inline void before_thread_start() {}
inline bool reading_fails() { return false; }
inline size_t readable(size_t bytes) { return bytes; }
inline bool device_fails() { return false; }
inline bool device_is_full() { return false; }
#endif

}  // namespace clmbr::faults
