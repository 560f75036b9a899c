// Sixteen floats without vector instructions: the reference that the vector paths repeat.
#pragma once

#include <math.h>

#include "half.h"

namespace clmbr::kernels {
// Local to the file that includes it: every instruction set has a Vec16 of its own.
namespace {

struct Vec16 {
    float lane[16];

    // Accumulators that a micro-kernel holds: rows x vectors.
    static constexpr int kRows = 4;
    static constexpr int kVectors = 1;

    template <class F>
    static Vec16 make(F f) {
        Vec16 r;
        for (int i = 0; i < 16; i++) r.lane[i] = f(i);
        return r;
    }

    static Vec16 set1(float x) { return make([=](int) { return x; }); }
    static Vec16 load(const float * p) { return make([=](int i) { return p[i]; }); }
    static Vec16 load_f16(const uint16_t * p) { return make([=](int i) { return f16_to_float(p[i]); }); }
    static Vec16 load_bf16(const uint16_t * p) { return make([=](int i) { return bf16_to_float(p[i]); }); }
    static Vec16 load_i8(const int8_t * p) { return make([=](int i) { return static_cast<float>(p[i]); }); }
    void store(float * p) const {
        for (int i = 0; i < 16; i++) p[i] = lane[i];
    }
};

inline Vec16 operator+(const Vec16 & a, const Vec16 & b) { return Vec16::make([&](int i) { return a.lane[i] + b.lane[i]; }); }
inline Vec16 operator-(const Vec16 & a, const Vec16 & b) { return Vec16::make([&](int i) { return a.lane[i] - b.lane[i]; }); }
inline Vec16 operator*(const Vec16 & a, const Vec16 & b) { return Vec16::make([&](int i) { return a.lane[i] * b.lane[i]; }); }
inline Vec16 operator/(const Vec16 & a, const Vec16 & b) { return Vec16::make([&](int i) { return a.lane[i] / b.lane[i]; }); }

// a * b + c, rounded once.
inline Vec16 fma(const Vec16 & a, const Vec16 & b, const Vec16 & c) {
    return Vec16::make([&](int i) { return fmaf(a.lane[i], b.lane[i], c.lane[i]); });
}

inline Vec16 max(const Vec16 & a, const Vec16 & b) {
    return Vec16::make([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
}

// a < b ? x : y
inline Vec16 select_less(const Vec16 & a, const Vec16 & b, const Vec16 & x, const Vec16 & y) {
    return Vec16::make([&](int i) { return a.lane[i] < b.lane[i] ? x.lane[i] : y.lane[i]; });
}

// 2^n for a value that carries n + 127 in its low mantissa bits.
inline Vec16 exponent_from_low_bits(const Vec16 & a) {
    return Vec16::make([&](int i) { return bits_to_float(float_to_bits(a.lane[i]) << 23); });
}

inline float reduce_add(const Vec16 & a) {
    float x[16];
    a.store(x);
    for (int width = 8; width > 0; width /= 2)
        for (int i = 0; i < width; i++) x[i] = x[i] + x[i + width];
    return x[0];
}

inline float reduce_max(const Vec16 & a) {
    float m = a.lane[0];
    for (int i = 1; i < 16; i++) m = a.lane[i] > m ? a.lane[i] : m;
    return m;
}

}  // namespace
}  // namespace clmbr::kernels
