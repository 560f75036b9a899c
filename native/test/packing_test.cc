// From rows of a file to panels and back.
#include "../engine/packing.h"

#include <cstdio>

#include "matrix.h"
#include "model.h"
#include "test.h"

using namespace clmbr;
using namespace clmbr::test;
using kernels::kPanelWidth;

namespace {

struct Stored {
    std::string path = temporary_path();
    TensorEntry tensor;

    // `matrix` in checkpoint order, behind `offset` other bytes.
    Stored(const Matrix & matrix, int permuted_heads, uint64_t offset) {
        const Matrix rows = permuted_heads == 0 ? matrix : permuted_rows(matrix, permuted_heads);
        std::vector<uint8_t> file(offset, 0xee);
        file.insert(file.end(), rows.bytes.begin(), rows.bytes.end());
        write_bytes(path, file);
        tensor = {"matrix", Role::Query, 0, matrix.type, matrix.rows, matrix.columns, offset, rows.bytes.size(), permuted_heads};
    }
    ~Stored() { std::remove(path.c_str()); }
};

void check_round_trip(const Matrix & matrix, int permuted_heads) {
    const std::string name = std::string(type_name(matrix.type)) + " " + std::to_string(matrix.rows) + " x " + std::to_string(matrix.columns) +
                             ", " + std::to_string(permuted_heads) + " permuted heads";
    const Stored stored(matrix, permuted_heads, 7);
    const File file(stored.path);
    const std::vector<uint8_t> expected = matrix.packed();
    std::vector<uint8_t> panels(expected.size(), 0);
    const int count = (matrix.rows + kPanelWidth - 1) / kPanelWidth;
    const size_t panel_size = expected.size() / static_cast<size_t>(count);
    CHECK_EQUAL(panel_size, kernels::panel_bytes(matrix.type, static_cast<size_t>(matrix.columns)));
    CHECK_EQUAL(matrix.row_bytes(), row_bytes(matrix.type, matrix.columns));
    for (int panel = 0; panel < count; panel++) {
        std::vector<uint8_t> scratch(matrix.row_bytes() * 2 * kPanelWidth);
        read_panel(file, stored.tensor, panel, scratch.data(), panels.data() + panel_size * static_cast<size_t>(panel));
    }
    CHECK_IN(panels == expected, name);

    const kernels::PackedMatrix packed{panels.data(), matrix.type, matrix.rows, matrix.columns};
    for (int row = 0; row < matrix.rows; row++) {
        std::vector<float> values(static_cast<size_t>(matrix.columns));
        unpack_row(packed, row, values.data());
        for (int k = 0; k < matrix.columns; k++) CHECK_IN(values[static_cast<size_t>(k)] == matrix.at(row, k), name);
    }
}

}  // namespace

TEST("packing: every type, panels full and not") {
    Random random(30);
    for (const kernels::WeightType type : kWeightTypes)
        for (const int rows : {1, 31, 32, 33, 100})
            for (const int columns : type == kernels::WeightType::Q8_0 ? std::vector<int>{32, 64, 96} : std::vector<int>{1, 16, 17, 40})
                check_round_trip(random_matrix(random, type, rows, columns), 0);
}

TEST("packing: heads as llama.cpp orders their rows") {
    Random random(31);
    for (const kernels::WeightType type : kWeightTypes)
        for (const int head_size : {8, 16, 24, 32, 40, 64, 72, 128, 256})
            for (const int heads : {1, 3}) check_round_trip(random_matrix(random, type, heads * head_size, 32), heads);
}

TEST("packing: a file that ends too early") {
    Random random(32);
    const Matrix matrix = random_matrix(random, kernels::WeightType::F16, 40, 16);
    Stored stored(matrix, 0, 0);
    std::vector<uint8_t> bytes = matrix.bytes;
    bytes.pop_back();
    write_bytes(stored.path, bytes);
    const File file(stored.path);
    std::vector<uint8_t> scratch(64 * 32), panel(kernels::panel_bytes(matrix.type, 16));
    read_panel(file, stored.tensor, 0, scratch.data(), panel.data());
    CHECK_THROWS("FILE_UNREADABLE", "it ended before", read_panel(file, stored.tensor, 1, scratch.data(), panel.data()));
}
