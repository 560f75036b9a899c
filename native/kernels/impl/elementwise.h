// Norms, activations and sums along one row.
#pragma once

#include <math.h>

#include "../kernels.h"

namespace clmbr::kernels {
namespace {

// e^x to within 2 units in the last place; 0 below the smallest normal number, NaN of NaN. Range reduction and polynomial
// after Cephes' expf.
inline Vec16 exponential(Vec16 x) {
    const Vec16 lowest = Vec16::set1(-87.3365447505531f);
    const Vec16 magic = Vec16::set1(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer in the low bits
    const Vec16 clamped = max(lowest, x);  // in this order, NaN stays
    const Vec16 shifted = fma(clamped, Vec16::set1(1.44269504088896341f), magic);
    const Vec16 n = shifted - magic;
    Vec16 r = fma(n, Vec16::set1(-0.693359375f), clamped);
    r = fma(n, Vec16::set1(2.12194440e-4f), r);
    Vec16 p = Vec16::set1(1.9875691500e-4f);
    p = fma(p, r, Vec16::set1(1.3981999507e-3f));
    p = fma(p, r, Vec16::set1(8.3334519073e-3f));
    p = fma(p, r, Vec16::set1(4.1665795894e-2f));
    p = fma(p, r, Vec16::set1(1.6666665459e-1f));
    p = fma(p, r, Vec16::set1(5.0000001201e-1f));
    p = fma(p * r, r, r) + Vec16::set1(1.0f);
    const Vec16 scale = exponent_from_low_bits(shifted + Vec16::set1(127.0f));
    return select_less(x, lowest, Vec16::set1(0.0f), p * scale);
}

// Sixteen values from the end of a row, missing ones filled.
inline Vec16 load_tail(const float * p, int count, float fill) {
    float buffer[16];
    for (int i = 0; i < 16; i++) buffer[i] = i < count ? p[i] : fill;
    return Vec16::load(buffer);
}

inline void store_tail(Vec16 x, float * p, int count) {
    float buffer[16];
    x.store(buffer);
    for (int i = 0; i < count; i++) p[i] = buffer[i];
}

// Calls `body(load, store, i)` for each run of sixteen, the last one through a buffer.
template <class F>
inline void map_row(int n, const float * a, const float * b, float * out, F f) {
    int i = 0;
    for (; i + 16 <= n; i += 16) f(Vec16::load(a + i), Vec16::load(b + i)).store(out + i);
    if (i < n) store_tail(f(load_tail(a + i, n - i, 0), load_tail(b + i, n - i, 0)), out + i, n - i);
}

void rms_norm(const float * x, const float * weight, int n, float epsilon, float * out) {
    Vec16 sum = Vec16::set1(0.0f);
    int i = 0;
    for (; i + 16 <= n; i += 16) {
        const Vec16 v = Vec16::load(x + i);
        sum = fma(v, v, sum);
    }
    if (i < n) {
        const Vec16 v = load_tail(x + i, n - i, 0);
        sum = fma(v, v, sum);
    }
    const float mean = reduce_add(sum) / static_cast<float>(n);
    const Vec16 scale = Vec16::set1(1.0f / sqrtf(mean + epsilon));
    map_row(n, x, weight, out, [=](Vec16 v, Vec16 w) { return w * (v * scale); });
}

void silu_mul(const float * gate, const float * up, int n, float * out) {
    const Vec16 zero = Vec16::set1(0.0f), one = Vec16::set1(1.0f), highest = Vec16::set1(-88.0f);
    map_row(n, gate, up, out, [=](Vec16 g, Vec16 u) { return g / (one + exponential(zero - max(g, highest))) * u; });
}

void add(const float * a, const float * b, int n, float * out) {
    map_row(n, a, b, out, [](Vec16 x, Vec16 y) { return x + y; });
}

// Products rounded before they are added, as the reference does it.
void rotate(float * x, const float * cosine, const float * sine, int half) {
    float * y = x + half;
    int i = 0;
    for (; i + 16 <= half; i += 16) {
        const Vec16 a = Vec16::load(x + i), b = Vec16::load(y + i), c = Vec16::load(cosine + i), s = Vec16::load(sine + i);
        (a * c - b * s).store(x + i);
        (b * c + a * s).store(y + i);
    }
    for (; i < half; i++) {
        const float a = x[i], b = y[i];
        x[i] = a * cosine[i] - b * sine[i];
        y[i] = b * cosine[i] + a * sine[i];
    }
}

float log_sum_exp(const float * x, int n) {
    Vec16 largest = Vec16::set1(-INFINITY);
    int i = 0;
    for (; i + 16 <= n; i += 16) largest = max(Vec16::load(x + i), largest);
    if (i < n) largest = max(load_tail(x + i, n - i, -INFINITY), largest);
    const float top = reduce_max(largest);
    const Vec16 shift = Vec16::set1(top);
    // Sums of at most 4,096 / 16 addends in F32, those in F64: vocabularies have tens of thousands of entries.
    double total = 0;
    for (int start = 0; start < n; start += 4096) {
        const int end = start + 4096 < n ? start + 4096 : n;
        Vec16 sum = Vec16::set1(0.0f);
        for (i = start; i + 16 <= end; i += 16) sum = sum + exponential(Vec16::load(x + i) - shift);
        if (i < end) sum = sum + exponential(load_tail(x + i, end - i, -INFINITY) - shift);
        total += reduce_add(sum);
    }
    return top + static_cast<float>(log(total));
}

void softmax_weights(const float * x, int n, float divisor, float * out) {
    const Vec16 by = Vec16::set1(divisor);
    Vec16 largest = Vec16::set1(-INFINITY);
    int i = 0;
    for (; i + 16 <= n; i += 16) largest = max(Vec16::load(x + i) / by, largest);
    if (i < n) largest = max(load_tail(x + i, n - i, -INFINITY) / by, largest);
    const Vec16 shift = Vec16::set1(reduce_max(largest));
    for (i = 0; i + 16 <= n; i += 16) exponential(Vec16::load(x + i) / by - shift).store(out + i);
    if (i < n) store_tail(exponential(load_tail(x + i, n - i, -INFINITY) / by - shift), out + i, n - i);
}

void widen(const uint8_t * row, WeightType type, int n, float * out) {
    const uint16_t * halves = reinterpret_cast<const uint16_t *>(row);
    switch (type) {
        case WeightType::F32:
            memcpy(out, row, static_cast<size_t>(n) * 4);
            return;
        case WeightType::F16:
            for (int i = 0; i < n; i++) out[i] = f16_to_float(halves[i]);
            return;
        case WeightType::BF16:
            for (int i = 0; i < n; i++) out[i] = bf16_to_float(halves[i]);
            return;
        case WeightType::Q8_0:  // as in the file: blocks of a half-precision scale and 32 quants
            for (int i = 0; i < n; i++) {
                const uint8_t * block = row + static_cast<size_t>(i / kQ8Block) * (kQ8Block + 2);
                uint16_t scale;
                memcpy(&scale, block, 2);
                out[i] = static_cast<float>(static_cast<int8_t>(block[2 + i % kQ8Block])) * f16_to_float(scale);
            }
            return;
        case WeightType::Int8: return;  // never in rows
    }
}

}  // namespace
}  // namespace clmbr::kernels
