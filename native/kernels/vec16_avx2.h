// Sixteen floats in two 256-bit registers.
#pragma once

#include <immintrin.h>

#include "half.h"

namespace clmbr::kernels {
// Local to the file that includes it: every instruction set has a Vec16 of its own.
namespace {

struct Vec16 {
    __m256 lo, hi;

    static constexpr int kRows = 6;
    static constexpr int kVectors = 1;

    static Vec16 set1(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
    static Vec16 load(const float * p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
    static __m128i half8(const uint16_t * p) { return _mm_loadu_si128(reinterpret_cast<const __m128i *>(p)); }
    static Vec16 load_f16(const uint16_t * p) { return {_mm256_cvtph_ps(half8(p)), _mm256_cvtph_ps(half8(p + 8))}; }
    static __m256 widen_bf16(__m128i x) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16)); }
    static Vec16 load_bf16(const uint16_t * p) { return {widen_bf16(half8(p)), widen_bf16(half8(p + 8))}; }
    static Vec16 load_i8(const int8_t * p) {
        const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
        return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(x)),
                _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(x, 8)))};
    }
    void store(float * p) const {
        _mm256_storeu_ps(p, lo);
        _mm256_storeu_ps(p + 8, hi);
    }
};

inline Vec16 operator+(Vec16 a, Vec16 b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
inline Vec16 operator-(Vec16 a, Vec16 b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
inline Vec16 operator*(Vec16 a, Vec16 b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
inline Vec16 operator/(Vec16 a, Vec16 b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
inline Vec16 fma(Vec16 a, Vec16 b, Vec16 c) { return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)}; }
inline Vec16 max(Vec16 a, Vec16 b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }

inline Vec16 select_less(Vec16 a, Vec16 b, Vec16 x, Vec16 y) {
    return {_mm256_blendv_ps(y.lo, x.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
            _mm256_blendv_ps(y.hi, x.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ))};
}

inline Vec16 exponent_from_low_bits(Vec16 a) {
    return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a.lo), 23)),
            _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a.hi), 23))};
}

inline float reduce_add(Vec16 a) {
    const __m256 x8 = _mm256_add_ps(a.lo, a.hi);
    const __m128 x4 = _mm_add_ps(_mm256_castps256_ps128(x8), _mm256_extractf128_ps(x8, 1));
    const __m128 x2 = _mm_add_ps(x4, _mm_movehl_ps(x4, x4));
    return _mm_cvtss_f32(_mm_add_ss(x2, _mm_shuffle_ps(x2, x2, 1)));
}

inline float reduce_max(Vec16 a) {
    const __m256 x8 = _mm256_max_ps(a.lo, a.hi);
    const __m128 x4 = _mm_max_ps(_mm256_castps256_ps128(x8), _mm256_extractf128_ps(x8, 1));
    const __m128 x2 = _mm_max_ps(x4, _mm_movehl_ps(x4, x4));
    return _mm_cvtss_f32(_mm_max_ss(x2, _mm_shuffle_ps(x2, x2, 1)));
}

}  // namespace
}  // namespace clmbr::kernels
