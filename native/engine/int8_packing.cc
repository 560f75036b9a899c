#include "int8_packing.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "../kernels/half.h"
#include "../kernels/kernels.h"
#include "packing.h"

namespace clmbr {
namespace {

using kernels::kInt8Group;
using kernels::kPanelWidth;

// Groups whose largest magnitude is below are taken as zeros: scales keep their precision.
constexpr float kSmallest = 1e-30f;

constexpr uint16_t kNotANumber = 0x7fc0;

// The next bfloat16 that is not below.
uint16_t bf16_at_least(float value) { return static_cast<uint16_t>((kernels::float_to_bits(value) + 0xffff) >> 16); }

// To the nearest integer, ties to even: the addition leaves it in the low bits.
int8_t rounded(float x) { return static_cast<int8_t>(kernels::float_to_bits(x + 12582912.0f)); }

size_t quant_at(int input, int column) {
    return static_cast<size_t>(input % kInt8Group / 4 * 4 * kPanelWidth + column * 4 + input % 4);
}

}  // namespace

void pack_int8_group(const float * weights, int count, uint8_t * panel, int group, int column) {
    float w[kInt8Group] = {};
    std::memcpy(w, weights, static_cast<size_t>(count) * sizeof(float));
    // Bit patterns of magnitudes are in the order of their values, and NaN is above all. Of neighbours with different signs the sum decides
    // nothing.
    uint32_t largest = 0;
    for (int k = 0; k < kInt8Group; k++) largest = std::max(largest, kernels::float_to_bits(w[k]) & 0x7fffffff);
    for (int k = 0; k < kInt8Group; k += 2) largest = std::max(largest, kernels::float_to_bits(w[k] + w[k + 1]) & 0x7fffffff);
    const float top = kernels::bits_to_float(largest);
    const bool finite = std::isfinite(top), zero = !finite || top < kSmallest;
    const uint16_t scale = !finite ? kNotANumber : zero ? uint16_t{0} : bf16_at_least(top / 127);
    const float divisor = kernels::bf16_to_float(scale);

    int8_t quants[kInt8Group] = {};
    if (!zero)
        for (int k = 0; k < kInt8Group; k++) quants[k] = rounded(w[k] / divisor);
    int sum = 0;
    for (int k = 0; k < kInt8Group; k++) sum += quants[k];
    const int16_t negative = static_cast<int16_t>(-sum);
    uint8_t * data = panel + static_cast<size_t>(group) * kernels::kInt8GroupBytes;
    for (int k = 0; k < kInt8Group; k += 4) std::memcpy(data + quant_at(k, column), quants + k, 4);
    std::memcpy(data + kernels::kInt8ScaleOffset + 2 * static_cast<size_t>(column), &scale, 2);
    std::memcpy(data + kernels::kInt8SumOffset + 2 * static_cast<size_t>(column), &negative, 2);
}

void read_int8_panel(const File & file, const TensorEntry & t, int panel, uint8_t * scratch, uint8_t * target) {
    std::vector<float> row(static_cast<size_t>(t.columns));
    read_rows(file, t, panel, scratch, [&](const uint8_t * const * rows, int first, int count) {
        for (int r = 0; r < count; r++) {
            kernels::scalar_kernels()->widen(rows[r], t.type, t.columns, row.data());
            for (int k = 0; k < t.columns; k += kInt8Group)
                pack_int8_group(row.data() + k, std::min(kInt8Group, t.columns - k), target, k / kInt8Group, first + r);
        }
    });
}

float int8_weight(const uint8_t * panel, int input, int column) {
    const uint8_t * group = panel + static_cast<size_t>(input / kInt8Group) * kernels::kInt8GroupBytes;
    uint16_t scale;
    std::memcpy(&scale, group + kernels::kInt8ScaleOffset + 2 * static_cast<size_t>(column), 2);
    return static_cast<float>(static_cast<int8_t>(group[quant_at(input, column)])) * kernels::bf16_to_float(scale);
}

}  // namespace clmbr
