#include "head_input.h"

#include <cstring>

#include "linear.h"

namespace clmbr::cpu {

HeadInput head_input(const Workspace & w) {
    const auto logits = [&w](const float * hidden, size_t stride, int count, float * const * targets) {
        const PackedMatrix & matrix = w.weights->output();
        for (int first = 0; first < count; first += kRowChunk) {
            const int rows = std::min(kRowChunk, count - first);
            const float * chunk = hidden + static_cast<size_t>(first) * stride;
            quantise_rows(w, chunk, stride, rows, matrix);
            linear(w, chunk, stride, rows, matrix, [&](int row, int column, const float * values, int n) {
                std::memcpy(targets[first + row] + column, values, static_cast<size_t>(n) * sizeof(float));
            });
        }
    };
    return {w.hyperparameters(), *w.batch, *w.layout, *w.kernels, *w.pool, *w.cancelled, *w.head_memory, logits};
}

}  // namespace clmbr::cpu
