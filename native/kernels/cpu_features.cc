#include "cpu_features.h"

#if defined(CLMBR_X86_64)
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#include <cstdint>
#endif

namespace clmbr::kernels {

#if defined(CLMBR_X86_64)

// By cpuid and xgetbv rather than __builtin_cpu_supports, which answers 0 under some cross compilers.
namespace {

struct Registers {
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf = 0) {
    Registers r;
#if defined(_MSC_VER)
    int values[4];
    __cpuidex(values, static_cast<int>(leaf), static_cast<int>(subleaf));
    r = {static_cast<uint32_t>(values[0]), static_cast<uint32_t>(values[1]), static_cast<uint32_t>(values[2]),
         static_cast<uint32_t>(values[3])};
#else
    __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
#endif
    return r;
}

uint64_t saved_registers() {
#if defined(_MSC_VER)
    return _xgetbv(0);
#else
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return static_cast<uint64_t>(high) << 32 | low;
#endif
}

constexpr bool bit(uint32_t word, int index) { return word >> index & 1; }

}  // namespace

CpuFeatures detect_cpu() {
    CpuFeatures features;
    if (cpuid(0).eax < 7) return features;
    const Registers basic = cpuid(1), extended = cpuid(7);
    const bool osxsave = bit(basic.ecx, 27), fma = bit(basic.ecx, 12), f16c = bit(basic.ecx, 29), avx = bit(basic.ecx, 28);
    if (!osxsave) return features;
    const uint64_t saved = saved_registers();
    features.avx2 = avx && fma && f16c && bit(extended.ebx, 5) && (saved & 0x6) == 0x6;
    features.avx512 = features.avx2 && bit(extended.ebx, 16) && bit(extended.ebx, 17) && bit(extended.ebx, 30) &&
                      bit(extended.ebx, 31) && (saved & 0xe6) == 0xe6;
    features.avxvnni = features.avx2 && extended.eax >= 1 && bit(cpuid(7, 1).eax, 4);
    features.avx512vnni = features.avx512 && bit(extended.ecx, 11);
    return features;
}

#else

CpuFeatures detect_cpu() { return {}; }

#endif

}  // namespace clmbr::kernels
