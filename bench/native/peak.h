// What the cores can do at best: fused multiply-adds in registers, and bytes read from memory.
#pragma once

#include <string>
#include <vector>

namespace clmbr::bench {

// Seconds from some moment on: on the wall, or of processor time where one thread works, since other programs then hardly count.
double seconds(int threads);

struct Peak {
    std::string name;  // instruction set, as CLMBR_CPU names it
    double gflops;     // of all threads together
};

// Of every instruction set that this processor has and this file knows.
std::vector<Peak> fma_peaks(int threads);

// Bytes per second that `threads` threads read from memory much larger than the caches, in GB/s.
double read_bandwidth(int threads);

}  // namespace clmbr::bench
