#pragma once

#include "hyperparameters.h"
#include "memory.h"

namespace clmbr {

// Cosine and sine of every angle that rotary position embedding needs, computed once on the host for every device: position
// times inverse frequency in F32, as the reference does it, then the exact cosine of that rounded angle.
class RotationTable {
public:
    explicit RotationTable(const Hyperparameters & h);

    const float * cosine(int position) const { return table_.as<float>() + static_cast<size_t>(position) * 2 * half_; }
    const float * sine(int position) const { return cosine(position) + half_; }

private:
    size_t half_;
    Buffer table_;
};

}  // namespace clmbr
