// Sixteen floats in one 512-bit register.
#pragma once

#include <immintrin.h>

#include "half.h"

namespace clmbr::kernels {
// Local to the file that includes it: every instruction set has a Vec16 of its own.
namespace {

struct Vec16 {
    __m512 v;

    static constexpr int kRows = 12;
    static constexpr int kVectors = 2;

    static Vec16 set1(float x) { return {_mm512_set1_ps(x)}; }
    static Vec16 load(const float * p) { return {_mm512_loadu_ps(p)}; }
    static __m256i half16(const uint16_t * p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)); }
    static Vec16 load_f16(const uint16_t * p) { return {_mm512_cvtph_ps(half16(p))}; }
    static Vec16 load_bf16(const uint16_t * p) {
        return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half16(p)), 16))};
    }
    static Vec16 load_i8(const int8_t * p) {
        return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p))))};
    }
    void store(float * p) const { _mm512_storeu_ps(p, v); }
};

inline Vec16 operator+(Vec16 a, Vec16 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Vec16 operator-(Vec16 a, Vec16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Vec16 operator*(Vec16 a, Vec16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Vec16 operator/(Vec16 a, Vec16 b) { return {_mm512_div_ps(a.v, b.v)}; }
inline Vec16 fma(Vec16 a, Vec16 b, Vec16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline Vec16 max(Vec16 a, Vec16 b) { return {_mm512_max_ps(a.v, b.v)}; }

inline Vec16 select_less(Vec16 a, Vec16 b, Vec16 x, Vec16 y) {
    return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), y.v, x.v)};
}

inline Vec16 exponent_from_low_bits(Vec16 a) {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a.v), 23))};
}

inline float reduce_add(Vec16 a) {
    const __m256 x8 = _mm256_add_ps(_mm512_castps512_ps256(a.v), _mm512_extractf32x8_ps(a.v, 1));
    const __m128 x4 = _mm_add_ps(_mm256_castps256_ps128(x8), _mm256_extractf128_ps(x8, 1));
    const __m128 x2 = _mm_add_ps(x4, _mm_movehl_ps(x4, x4));
    return _mm_cvtss_f32(_mm_add_ss(x2, _mm_shuffle_ps(x2, x2, 1)));
}

inline float reduce_max(Vec16 a) { return _mm512_reduce_max_ps(a.v); }

}  // namespace
}  // namespace clmbr::kernels
