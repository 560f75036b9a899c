#include "linear.h"

#include <algorithm>
#include <cstring>

#include "engine/cpu/linear.h"
#include "engine/memory.h"
#include "kernels/kernels.h"
#include "peak.h"

namespace clmbr::bench {
namespace {

// Small numbers without any meaning; halves of 0x3c.. are near one, so that no type meets denormal numbers.
void fill(uint8_t * bytes, size_t count, kernels::WeightType type) {
    for (size_t i = 0; i + 4 <= count; i += 4) {
        const float value = 0.01f * static_cast<float>(static_cast<int>(i / 4 % 251) - 125);
        const uint32_t halves = 0x3c003c00u;
        if (type == kernels::WeightType::F32) std::memcpy(bytes + i, &value, 4);
        else std::memcpy(bytes + i, &halves, 4);
    }
}

}  // namespace

double linear_gflops(const char * name, kernels::WeightType type, const Shape & shape, int rows, int threads) {
    const kernels::Kernels * table = kernels::select_kernels(name);
    if (table == nullptr) return 0;
    kernels::PackedMatrix weights{nullptr, type, shape.outputs, shape.inputs};
    const size_t bytes = static_cast<size_t>(weights.panels()) * kernels::panel_bytes(type, static_cast<size_t>(shape.inputs));
    const Buffer packed(bytes, "the weights"), activations(static_cast<size_t>(rows) * kernels::padded_stride(static_cast<size_t>(shape.inputs)) * 4, "the activations");
    fill(packed.as<uint8_t>(), bytes, type);
    fill(activations.as<uint8_t>(), activations.bytes(), kernels::WeightType::F32);
    weights.data = packed.as<uint8_t>();

    ThreadPool pool(threads);
    const std::atomic<bool> cancelled{false};
    cpu::Workspace w;
    w.kernels = table;
    w.pool = &pool;
    w.cancelled = &cancelled;
    w.scratch_floats = kernels::round_up(cpu::linear_scratch_floats(), 16);
    const Buffer scratch(w.scratch_floats * static_cast<size_t>(threads) * 4, "the scratch memory");
    w.scratch = scratch.as<float>();
    const Buffer result(static_cast<size_t>(rows) * static_cast<size_t>(shape.outputs) * 4, "the result");
    float * out = result.as<float>();
    const auto store = [&](int row, int column, const float * values, int n) {
        std::memcpy(out + static_cast<size_t>(row) * static_cast<size_t>(shape.outputs) + column, values, static_cast<size_t>(n) * 4);
    };
    const double deadline = seconds(threads) + 0.4;
    double best = 1e30;
    while (seconds(threads) < deadline) {
        const double started = seconds(threads);
        cpu::linear(w, activations.as<float>(), kernels::padded_stride(static_cast<size_t>(shape.inputs)), rows, weights, store);
        best = std::min(best, seconds(threads) - started);
    }
    return 2.0 * rows * shape.outputs * shape.inputs / best / 1e9;
}

}  // namespace clmbr::bench
