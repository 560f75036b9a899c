// A matrix product spread over the threads, with what follows it done while its result is in the cache.
#pragma once

#include <algorithm>

#include "workspace.h"

namespace clmbr::cpu {

using kernels::kInputBlock;
using kernels::kPanelWidth;
using kernels::PackedMatrix;
using kernels::WeightType;

// Results of one task (twice, for gate and up) and one widened block of a panel.
constexpr size_t kTileFloats = static_cast<size_t>(kRowBlock) * kPanelGroup * kPanelWidth;
constexpr size_t linear_scratch_floats() { return 2 * kTileFloats + static_cast<size_t>(kInputBlock) * kPanelWidth; }

// How rows x panels are cut into tasks: columns of a group first, so that a group of panels is read once for all rows.
struct Tasks {
    int row_block, row_blocks, group, groups;

    Tasks(int rows, int panels, int threads) {
        row_blocks = (rows + kRowBlock - 1) / kRowBlock;
        row_block = static_cast<int>(kernels::round_up(static_cast<size_t>((rows + row_blocks - 1) / row_blocks), kernels::kRowTile));
        row_block = std::min(row_block, kRowBlock);
        row_blocks = (rows + row_block - 1) / row_block;
        // Several tasks for each thread even out their ends.
        const int wanted = threads == 1 ? 1 : 6 * threads;
        group = std::clamp(panels * row_blocks / wanted, 1, kPanelGroup);
        groups = (panels + group - 1) / group;
    }
    int count() const { return row_blocks * groups; }
};

// Groups of a panel that stay in the first-level cache while rows pass by.
constexpr int kGroupBlock = 8;

// The same in int8, of the rows that are quantised.
inline void multiply_int8_tile(const Workspace & w, int row, int rows, const PackedMatrix & weights, int first, int last, float * tile) {
    const size_t stride = static_cast<size_t>(kPanelGroup) * kPanelWidth;
    const int groups = static_cast<int>(kernels::int8_groups(static_cast<size_t>(weights.inputs)));
    const kernels::QuantisedRows a = w.quantised_rows().from(static_cast<size_t>(row));
    for (int panel = first; panel < last; panel++)
        for (int g = 0; g < groups; g += kGroupBlock)
            w.kernels->gemm_int8(a, rows, weights, panel, g, std::min(groups, g + kGroupBlock),
                                 tile + static_cast<size_t>(panel - first) * kPanelWidth, stride, g > 0);
}

// tile[r][panel - first][32] = a x weights for rows [row, row + rows) and panels [first, last).
inline void multiply_tile(const Workspace & w, const float * a, size_t lda, int row, int rows, const PackedMatrix & weights, int first,
                          int last, float * tile, float * unpacked) {
    if (weights.type == WeightType::Int8) return multiply_int8_tile(w, row, rows, weights, first, last, tile);
    const size_t stride = static_cast<size_t>(kPanelGroup) * kPanelWidth;
    a += static_cast<size_t>(row) * lda;
    // Equal blocks of the inputs, none longer than kInputBlock. Blocks of Q8_0 must not be cut.
    const int blocks = (weights.inputs + kInputBlock - 1) / kInputBlock;
    const int step = static_cast<int>(kernels::round_up(static_cast<size_t>((weights.inputs + blocks - 1) / blocks), kernels::kQ8Block));
    for (int k = 0; k < weights.inputs; k += step)
        for (int panel = first; panel < last; panel++)
            w.kernels->gemm_panel(a, lda, rows, weights, panel, k, std::min(weights.inputs, k + step),
                                  tile + static_cast<size_t>(panel - first) * kPanelWidth, stride, k > 0, unpacked);
}

// Calls finish(row, column, values, count) for every run of results: a row, its first output, up to 256 values. Of a matrix in int8 the
// rows must be quantised: quantise_rows().
template <class Finish>
void linear(const Workspace & w, const float * a, size_t lda, int rows, const PackedMatrix & weights, Finish finish) {
    const Tasks tasks(rows, weights.panels(), w.pool->threads());
    const auto task = [&](int index, int worker) {
        const int row = index % tasks.row_blocks * tasks.row_block, count = std::min(tasks.row_block, rows - row);
        const int first = index / tasks.row_blocks * tasks.group, last = std::min(weights.panels(), first + tasks.group);
        float * tile = w.scratch_of(worker);
        multiply_tile(w, a, lda, row, count, weights, first, last, tile, tile + 2 * kTileFloats);
        const int columns = std::min(last * kPanelWidth, weights.outputs) - first * kPanelWidth;
        for (int r = 0; r < count; r++)
            finish(row + r, first * kPanelWidth, tile + static_cast<size_t>(r) * kPanelGroup * kPanelWidth, columns);
    };
    w.pool->run(tasks.count(), task, *w.cancelled);
}

// The same for two matrices of one shape: finish(row, column, first, second, count).
template <class Finish>
void linear_pair(const Workspace & w, const float * a, size_t lda, int rows, const PackedMatrix & one, const PackedMatrix & two,
                 Finish finish) {
    const Tasks tasks(rows, one.panels(), w.pool->threads());
    const auto task = [&](int index, int worker) {
        const int row = index % tasks.row_blocks * tasks.row_block, count = std::min(tasks.row_block, rows - row);
        const int first = index / tasks.row_blocks * tasks.group, last = std::min(one.panels(), first + tasks.group);
        float * tile = w.scratch_of(worker);
        multiply_tile(w, a, lda, row, count, one, first, last, tile, tile + 2 * kTileFloats);
        multiply_tile(w, a, lda, row, count, two, first, last, tile + kTileFloats, tile + 2 * kTileFloats);
        const int columns = std::min(last * kPanelWidth, one.outputs) - first * kPanelWidth;
        for (int r = 0; r < count; r++) {
            const float * values = tile + static_cast<size_t>(r) * kPanelGroup * kPanelWidth;
            finish(row + r, first * kPanelWidth, values, values + kTileFloats, columns);
        }
    };
    w.pool->run(tasks.count(), task, *w.cancelled);
}

// Calls f(row) for each row, a few of them a task.
template <class F>
void each_row(const Workspace & w, int rows, F f) {
    constexpr int kStep = 16;
    const auto task = [&](int index, int) {
        const int end = std::min(rows, (index + 1) * kStep);
        for (int row = index * kStep; row < end; row++) f(row);
    };
    w.pool->run((rows + kStep - 1) / kStep, task, *w.cancelled);
}

// The row `row` of kRowChunk rows that are quantised.
inline void quantise_row(const Workspace & w, const float * x, int columns, int row) {
    const size_t at = static_cast<size_t>(row) * w.quant_groups();
    w.kernels->quantise(x, columns, w.quants + at * kernels::kInt8Group, w.quant_scales + at);
}

// Prepares at most kRowChunk rows for products with `weights`, where they are in int8.
inline void quantise_rows(const Workspace & w, const float * x, size_t stride, int rows, const PackedMatrix & weights) {
    if (weights.type != WeightType::Int8) return;
    each_row(w, rows, [&](int row) { quantise_row(w, x + static_cast<size_t>(row) * stride, weights.inputs, row); });
}

}  // namespace clmbr::cpu
