#pragma once

#if defined(__x86_64__) || defined(_M_X64)
#define CLMBR_X86_64 1
#elif defined(__aarch64__) || defined(_M_ARM64)
#define CLMBR_ARM64 1
#endif

namespace clmbr::kernels {

// Instruction sets that both the processor has and the operating system saves registers for.
struct CpuFeatures {
    bool avx2 = false;    // with FMA and F16C
    bool avx512 = false;  // F, BW, VL and DQ, with AVX2
    bool avxvnni = false;  // with AVX2
    bool avx512vnni = false;  // with AVX-512
};

CpuFeatures detect_cpu();

}  // namespace clmbr::kernels
