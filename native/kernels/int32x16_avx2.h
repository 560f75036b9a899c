// Sixteen sums of products of bytes in two 256-bit registers.
#pragma once

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

namespace clmbr::kernels {
// Local to the file that includes it, after its Vec16.
namespace {

// Four inputs of one row, for every output.
struct Activations {
    __m256i v;
    static Activations load(const uint8_t * p) {
        int32_t bytes;
        memcpy(&bytes, p, sizeof bytes);
        return {_mm256_set1_epi32(bytes)};
    }
};

// Four inputs of sixteen outputs: [output][4].
struct Weights {
    __m256i lo, hi;
    static Weights load(const uint8_t * p) {
        return {_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)), _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p + 32))};
    }
};

// Sums as what they are: a compiler that takes them for 64-bit integers, as __m256i says, copies them from register to register.
#if defined(_MSC_VER) && !defined(__clang__)
using Sums = __m256i;
#else
typedef int Sums __attribute__((vector_size(32), may_alias));
#endif

struct Int32x16 {
    Sums lo, hi;

#if defined(CLMBR_VNNI)
    static constexpr int kRows = 6;
#else
    static constexpr int kRows = 4;
#endif
    static constexpr int kVectors = 1;

    static Sums begin8(const int16_t * p) {
        return (Sums)_mm256_slli_epi32(_mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p))), 7);
    }
    static Int32x16 begin(const int16_t * negative_sums) { return {begin8(negative_sums), begin8(negative_sums + 8)}; }

    Vec16 to_float() const { return {_mm256_cvtepi32_ps((__m256i)lo), _mm256_cvtepi32_ps((__m256i)hi)}; }
};

// Without VNNI pairs of products are added in 16 bits first; engine/int8_packing.h says why they fit.
inline Sums dot8(__m256i a, __m256i w, Sums sum) {
#if defined(CLMBR_VNNI)
    return (Sums)_mm256_dpbusd_avx_epi32((__m256i)sum, a, w);
#else
    return (Sums)_mm256_add_epi32((__m256i)sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, w), _mm256_set1_epi16(1)));
#endif
}
inline Int32x16 dot(Activations a, Weights w, Int32x16 sum) { return {dot8(a.v, w.lo, sum.lo), dot8(a.v, w.hi, sum.hi)}; }

}  // namespace
}  // namespace clmbr::kernels
