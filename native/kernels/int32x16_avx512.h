// Sixteen sums of products of bytes in one 512-bit register.
#pragma once

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

namespace clmbr::kernels {
// Local to the file that includes it, after its Vec16.
namespace {

// Four inputs of one row, for every output.
struct Activations {
    __m512i v;
    static Activations load(const uint8_t * p) {
        int32_t bytes;
        memcpy(&bytes, p, sizeof bytes);
        return {_mm512_set1_epi32(bytes)};
    }
};

// Four inputs of sixteen outputs: [output][4].
struct Weights {
    __m512i v;
    static Weights load(const uint8_t * p) { return {_mm512_loadu_si512(p)}; }
};

// Sums as what they are: a compiler that takes them for 64-bit integers, as __m512i says, copies them from register to register.
#if defined(_MSC_VER) && !defined(__clang__)
using Sums = __m512i;
#else
typedef int Sums __attribute__((vector_size(64), may_alias));
#endif

struct Int32x16 {
    Sums v;

    static constexpr int kRows = 12;
    static constexpr int kVectors = 2;

    static Int32x16 begin(const int16_t * negative_sums) {
        const __m256i sums = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(negative_sums));
        return {(Sums)_mm512_slli_epi32(_mm512_cvtepi16_epi32(sums), 7)};
    }
    Vec16 to_float() const { return {_mm512_cvtepi32_ps((__m512i)v)}; }
};

// Without VNNI pairs of products are added in 16 bits first; engine/int8_packing.h says why they fit.
inline Int32x16 dot(Activations a, Weights w, Int32x16 sum) {
#if defined(CLMBR_VNNI)
    return {(Sums)_mm512_dpbusd_epi32((__m512i)sum.v, a.v, w.v)};
#else
    const __m512i pairs = _mm512_maddubs_epi16(a.v, w.v);
    return {(Sums)_mm512_add_epi32((__m512i)sum.v, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)))};
#endif
}

}  // namespace
}  // namespace clmbr::kernels
