// Sixteen floats in four 128-bit registers.
#pragma once

#include <arm_neon.h>

#include "half.h"

namespace clmbr::kernels {
// Local to the file that includes it: every instruction set has a Vec16 of its own.
namespace {

struct Vec16 {
    float32x4_t v[4];

    static constexpr int kRows = 6;
    static constexpr int kVectors = 1;

    template <class F>
    static Vec16 make(F f) {
        return {{f(0), f(1), f(2), f(3)}};
    }

    static Vec16 set1(float x) { return make([=](int) { return vdupq_n_f32(x); }); }
    static Vec16 load(const float * p) { return make([=](int i) { return vld1q_f32(p + 4 * i); }); }
    static Vec16 load_f16(const uint16_t * p) {
        return make([=](int i) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p + 4 * i))); });
    }
    static Vec16 load_bf16(const uint16_t * p) {
        return make([=](int i) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p + 4 * i), 16)); });
    }
    static Vec16 load_i8(const int8_t * p) {
        const int8x16_t x = vld1q_s8(p);
        const int16x8_t lo = vmovl_s8(vget_low_s8(x)), hi = vmovl_s8(vget_high_s8(x));
        return {{vcvtq_f32_s32(vmovl_s16(vget_low_s16(lo))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(lo))),
                 vcvtq_f32_s32(vmovl_s16(vget_low_s16(hi))), vcvtq_f32_s32(vmovl_s16(vget_high_s16(hi)))}};
    }
    void store(float * p) const {
        for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, v[i]);
    }
};

inline Vec16 operator+(const Vec16 & a, const Vec16 & b) { return Vec16::make([&](int i) { return vaddq_f32(a.v[i], b.v[i]); }); }
inline Vec16 operator-(const Vec16 & a, const Vec16 & b) { return Vec16::make([&](int i) { return vsubq_f32(a.v[i], b.v[i]); }); }
inline Vec16 operator*(const Vec16 & a, const Vec16 & b) { return Vec16::make([&](int i) { return vmulq_f32(a.v[i], b.v[i]); }); }
inline Vec16 operator/(const Vec16 & a, const Vec16 & b) { return Vec16::make([&](int i) { return vdivq_f32(a.v[i], b.v[i]); }); }
inline Vec16 fma(const Vec16 & a, const Vec16 & b, const Vec16 & c) {
    return Vec16::make([&](int i) { return vfmaq_f32(c.v[i], a.v[i], b.v[i]); });
}
inline Vec16 max(const Vec16 & a, const Vec16 & b) {
    return Vec16::make([&](int i) { return vbslq_f32(vcgtq_f32(a.v[i], b.v[i]), a.v[i], b.v[i]); });
}
inline Vec16 select_less(const Vec16 & a, const Vec16 & b, const Vec16 & x, const Vec16 & y) {
    return Vec16::make([&](int i) { return vbslq_f32(vcltq_f32(a.v[i], b.v[i]), x.v[i], y.v[i]); });
}
inline Vec16 exponent_from_low_bits(const Vec16 & a) {
    return Vec16::make([&](int i) { return vreinterpretq_f32_s32(vshlq_n_s32(vreinterpretq_s32_f32(a.v[i]), 23)); });
}
inline float reduce_add(const Vec16 & a) {
    const float32x4_t x = vaddq_f32(vaddq_f32(a.v[0], a.v[2]), vaddq_f32(a.v[1], a.v[3]));
    const float32x2_t y = vadd_f32(vget_low_f32(x), vget_high_f32(x));
    return vget_lane_f32(y, 0) + vget_lane_f32(y, 1);
}
inline float reduce_max(const Vec16 & a) {
    return vmaxvq_f32(vmaxq_f32(vmaxq_f32(a.v[0], a.v[1]), vmaxq_f32(a.v[2], a.v[3])));
}

}  // namespace
}  // namespace clmbr::kernels
