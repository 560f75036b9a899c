#include "head_input.h"

#include <cstring>

#include "linear.h"

namespace clmbr::cpu {

HeadInput head_input(const Workspace & w) {
    const auto logits = [&w](const float * hidden, size_t stride, int count, float * const * targets) {
        linear(w, hidden, stride, count, w.weights->output(), [&](int row, int column, const float * values, int n) {
            std::memcpy(targets[row] + column, values, static_cast<size_t>(n) * sizeof(float));
        });
    };
    return {w.hyperparameters(), *w.batch, *w.layout, *w.kernels, *w.pool, *w.cancelled, logits};
}

}  // namespace clmbr::cpu
