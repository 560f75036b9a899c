// Memory layouts that the kernels agree on. One layout serves every instruction set, so packed weights and every
// intermediate value are the same whichever path the processor takes.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace clmbr::kernels {

// A weight matrix (outputs x inputs) is stored as panels of 32 outputs: for each input k, the 32 weights that multiply it
// lie side by side. Two 512-bit or four 256-bit registers hold one such row.
constexpr int kPanelWidth = 32;

// Rows of activations that one call of a micro-kernel covers at most.
constexpr int kRowTile = 12;

// Keys per step of the running softmax. The boundaries lie at multiples of it from the start of the sequence, so a
// query's additions come in the same order whatever shares its batch.
constexpr int kKeyBlock = 256;

// Inputs per block of a long dot product: a panel of that height stays in the second-level cache.
constexpr int kInputBlock = 1024;

// Int8 is how matrices are held to be computed in int8; no file has it.
enum class WeightType : uint8_t { F32, F16, BF16, Q8_0, Int8 };

// Q8_0: 32 consecutive inputs of one output share a half-precision scale.
constexpr int kQ8Block = 32;

// Int8: so many consecutive inputs of one output share a scale, and so many activations of one row. The inputs are filled up with
// zeros to whole groups.
constexpr int kInt8Group = 64;

// Activations are held as unsigned bytes: their quant and this, which is what instructions multiply with signed weights.
constexpr int kInt8Offset = 128;

static constexpr size_t int8_groups(size_t inputs) { return (inputs + kInt8Group - 1) / kInt8Group; }

// A group of a panel: [input / 4][output][4 inputs] quants, then the scales of the outputs (bfloat16), then the sums of their quants
// (int16), negative: the offset times a sum is what products of offset activations are too large by.
constexpr size_t kInt8ScaleOffset = static_cast<size_t>(kInt8Group) * kPanelWidth;
constexpr size_t kInt8SumOffset = kInt8ScaleOffset + 2 * kPanelWidth;
constexpr size_t kInt8GroupBytes = kInt8SumOffset + 2 * kPanelWidth;

// Bytes of one panel of `inputs` rows. In Q8_0 each 32 rows of int8 are followed by their 32 half-precision scales.
static constexpr size_t panel_bytes(WeightType type, size_t inputs) {
    switch (type) {
        case WeightType::F32: return inputs * kPanelWidth * 4;
        case WeightType::F16:
        case WeightType::BF16: return inputs * kPanelWidth * 2;
        case WeightType::Q8_0: return inputs / kQ8Block * (kQ8Block * kPanelWidth + kPanelWidth * 2);
        case WeightType::Int8: return int8_groups(inputs) * kInt8GroupBytes;
    }
    return 0;
}

// Byte offset of input row `k` inside a panel; for Q8_0 and Int8 `k` must start a block or group.
static constexpr size_t panel_offset(WeightType type, size_t k) { return panel_bytes(type, k); }

// A weight matrix in panels. The last panel is filled up with zeros.
struct PackedMatrix {
    const uint8_t * data = nullptr;
    WeightType type = WeightType::F32;
    int outputs = 0;
    int inputs = 0;

    int panels() const { return (outputs + kPanelWidth - 1) / kPanelWidth; }
    const uint8_t * panel(int index) const { return data + static_cast<size_t>(index) * panel_bytes(type, inputs); }
};

// Row strides of activations: a multiple of 16 floats, and an odd number of 64-byte lines, so that the 12 rows a
// micro-kernel walks do not fall into the same sets of a cache.
static constexpr size_t padded_stride(size_t columns) {
    size_t lines = (columns + 15) / 16;
    return (lines | 1) * 16;
}

static constexpr size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace clmbr::kernels
