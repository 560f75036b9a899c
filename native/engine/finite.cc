#include "finite.h"

#include <cstring>

#include "error.h"

namespace clmbr {
namespace {

using kernels::WeightType;

// Whether any of `count` values that lie `stride` bytes apart has all bits of the exponent set.
template <class T>
bool any_infinite(const uint8_t * data, uint64_t count, size_t stride, T exponent) {
    // Without an early end, which would keep the compiler from using vectors.
    int found = 0;
    for (uint64_t i = 0; i < count; i++) {
        T bits;
        std::memcpy(&bits, data + i * stride, sizeof bits);
        found |= (bits & exponent) == exponent;
    }
    return found != 0;
}

bool all_finite(WeightType type, const uint8_t * rows, uint64_t bytes) {
    switch (type) {
        case WeightType::F32: return !any_infinite<uint32_t>(rows, bytes / 4, 4, 0x7f800000);
        case WeightType::F16: return !any_infinite<uint16_t>(rows, bytes / 2, 2, 0x7c00);
        case WeightType::BF16: return !any_infinite<uint16_t>(rows, bytes / 2, 2, 0x7f80);
        case WeightType::Q8_0: return !any_infinite<uint16_t>(rows, bytes / (kernels::kQ8Block + 2), kernels::kQ8Block + 2, 0x7c00);
        case WeightType::Int8: break;  // never in files
    }
    return true;
}

}  // namespace

void check_finite(const TensorEntry & t, const uint8_t * rows, uint64_t count) {
    if (!all_finite(t.type, rows, row_bytes(t.type, t.columns) * count))
        throw Error("UNSUPPORTED_MODEL", "Tensor " + t.name + ": expected finite weights, found a NaN or an infinity.");
}

}  // namespace clmbr
