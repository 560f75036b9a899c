#include "rotation.h"

#include <cmath>

namespace clmbr {

RotationTable::RotationTable(const Hyperparameters & h)
    : half_(static_cast<size_t>(h.head_size / 2)),
      table_(static_cast<size_t>(h.context_length) * h.head_size * sizeof(float), "rotation tables") {
    float * row = table_.as<float>();
    for (int position = 0; position < h.context_length; position++, row += 2 * half_) {
        for (size_t i = 0; i < half_; i++) {
            const float angle = static_cast<float>(position) * h.inverse_frequencies[i];
            row[i] = static_cast<float>(std::cos(static_cast<double>(angle)));
            row[half_ + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
        }
    }
}

}  // namespace clmbr
