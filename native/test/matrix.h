// Weight matrices as files hold them, with a decoder and a packer of their own: nothing here shares code with the engine.
#pragma once

#include <cstdint>
#include <vector>

#include "../kernels/layout.h"
#include "random.h"

namespace clmbr::test {

constexpr kernels::WeightType kWeightTypes[] = {kernels::WeightType::F32, kernels::WeightType::F16, kernels::WeightType::BF16,
                                                kernels::WeightType::Q8_0};
const char * type_name(kernels::WeightType type);

double decode_f16(uint16_t bits);

struct Matrix {
    kernels::WeightType type = kernels::WeightType::F32;
    int rows = 0, columns = 0;
    std::vector<uint8_t> bytes;  // row-major, as in a file

    size_t row_bytes() const { return bytes.size() / static_cast<size_t>(rows); }
    float at(int row, int column) const;
    // The panels of kernels/layout.h, element by element.
    std::vector<uint8_t> packed() const;
};

// Weights of a magnitude up to about `scale`.
Matrix random_matrix(Random & random, kernels::WeightType type, int rows, int columns, float scale = 1);

}  // namespace clmbr::test
