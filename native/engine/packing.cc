#include "packing.h"

#include <algorithm>
#include <cstring>

#include "../kernels/half.h"
#include "finite.h"
#include "int8_packing.h"

namespace clmbr {
namespace {

using kernels::kPanelWidth;
using kernels::kQ8Block;
using kernels::WeightType;

// Writes `count` rows as the columns `first`.. of a panel.
template <class T>
void pack(const uint8_t * const * rows, int first, int count, int columns, uint8_t * target) {
    // Blocks of 16 columns keep the 32 source rows in the first-level cache.
    T * out = reinterpret_cast<T *>(target);
    for (int block = 0; block < columns; block += 16) {
        const int end = std::min(columns, block + 16);
        for (int r = 0; r < count; r++) {
            const T * source = reinterpret_cast<const T *>(rows[r]);
            for (int k = block; k < end; k++) out[static_cast<size_t>(k) * kPanelWidth + first + r] = source[k];
        }
    }
}

void pack_q8(const uint8_t * const * rows, int first, int count, int columns, uint8_t * target) {
    for (int block = 0; block < columns / kQ8Block; block++) {
        uint8_t * quants = target + kernels::panel_bytes(WeightType::Q8_0, kQ8Block) * static_cast<size_t>(block);
        uint8_t * scales = quants + kQ8Block * kPanelWidth;
        for (int r = 0; r < count; r++) {
            const uint8_t * source = rows[r] + static_cast<size_t>(block) * (kQ8Block + 2);
            std::memcpy(scales + 2 * (first + r), source, 2);
            for (int k = 0; k < kQ8Block; k++) quants[k * kPanelWidth + first + r] = source[2 + k];
        }
    }
}

}  // namespace

int file_row(const TensorEntry & t, int row) {
    if (t.permuted_heads == 0) return row;
    const int head_size = t.rows / t.permuted_heads, half = head_size / 2;
    const int head = row / head_size, within = row % head_size;
    return head * head_size + within % half * 2 + within / half;
}

void read_rows(const File & file, const TensorEntry & t, int panel, uint8_t * scratch,
               const std::function<void(const uint8_t * const *, int, int)> & use) {
    const int first = panel * kPanelWidth, count = std::min(kPanelWidth, t.rows - first);
    const uint64_t bytes = row_bytes(t.type, t.columns);
    const uint8_t * rows[kPanelWidth];

    // Rows of a permuted head are spread over at most the head: read in runs that fit the scratch.
    int done = 0;
    while (done < count) {
        int low = file_row(t, first + done), high = low, end = done;
        while (end < count) {
            const int row = file_row(t, first + end);
            const int next_low = std::min(low, row), next_high = std::max(high, row);
            if (next_high - next_low >= 2 * kPanelWidth) break;
            low = next_low;
            high = next_high;
            end++;
        }
        file.read(t.offset + bytes * low, scratch, bytes * (high - low + 1));
        check_finite(t, scratch, static_cast<uint64_t>(high - low + 1));
        for (int r = done; r < end; r++) rows[r - done] = scratch + bytes * (file_row(t, first + r) - low);
        use(rows, done, end - done);
        done = end;
    }
}

void read_panel(const File & file, const TensorEntry & t, int panel, uint8_t * scratch, uint8_t * target) {
    read_rows(file, t, panel, scratch, [&](const uint8_t * const * rows, int first, int count) {
        switch (t.type) {
            case WeightType::F32: pack<uint32_t>(rows, first, count, t.columns, target); break;
            case WeightType::F16:
            case WeightType::BF16: pack<uint16_t>(rows, first, count, t.columns, target); break;
            case WeightType::Q8_0: pack_q8(rows, first, count, t.columns, target); break;
            case WeightType::Int8: break;  // never in files
        }
    });
}

void unpack_row(const kernels::PackedMatrix & m, int row, float * out) {
    const uint8_t * panel = m.panel(row / kPanelWidth);
    const int column = row % kPanelWidth;
    for (int k = 0; k < m.inputs; k++) {
        const size_t at = static_cast<size_t>(k) * kPanelWidth + column;
        switch (m.type) {
            case WeightType::F32: out[k] = reinterpret_cast<const float *>(panel)[at]; break;
            case WeightType::F16: out[k] = kernels::f16_to_float(reinterpret_cast<const uint16_t *>(panel)[at]); break;
            case WeightType::BF16: out[k] = kernels::bf16_to_float(reinterpret_cast<const uint16_t *>(panel)[at]); break;
            case WeightType::Q8_0: {
                const uint8_t * block = panel + kernels::panel_bytes(WeightType::Q8_0, static_cast<size_t>(k / kQ8Block) * kQ8Block);
                uint16_t scale;
                std::memcpy(&scale, block + kQ8Block * kPanelWidth + 2 * column, 2);
                const int8_t quant = static_cast<int8_t>(block[k % kQ8Block * kPanelWidth + column]);
                out[k] = static_cast<float>(quant) * kernels::f16_to_float(scale);
                break;
            }
            case WeightType::Int8: out[k] = int8_weight(panel, k, column); break;
        }
    }
}

}  // namespace clmbr
