// The matrix product: close to a sum in F64, and exactly the chain of fused multiply-adds that impl/gemm.h promises. The chain
// knows nothing of tiles, blocks or instruction sets, so equality with it is independence of them.
#include <algorithm>

#include "matrix.h"
#include "paths.h"
#include "test.h"

using namespace clmbr;
using namespace clmbr::test;
using kernels::kPanelWidth;
using kernels::WeightType;

namespace {

struct Product {
    Matrix matrix;
    std::vector<uint8_t> packed;
    std::vector<float> a;  // ends with the last input of the last row, so that reading on is seen by a sanitizer
    size_t lda;
    int rows;

    Product(Random & random, WeightType type, int outputs, int inputs, int rows_)
        : matrix(random_matrix(random, type, outputs, inputs)),
          packed(matrix.packed()),
          lda(kernels::padded_stride(static_cast<size_t>(inputs))),
          rows(rows_) {
        a = random.reals(static_cast<size_t>(rows - 1) * lda + static_cast<size_t>(inputs));
    }

    kernels::PackedMatrix weights() const { return {packed.data(), matrix.type, matrix.rows, matrix.columns}; }
    float weight(int output, int input) const { return output < matrix.rows ? matrix.at(output, input) : 0.0f; }

    // c[row][0..32) of one panel for inputs [k0, k1), on top of what `c` holds.
    void chain(int panel, int k0, int k1, std::vector<float> & c) const {
        for (int lane = 0; lane < kPanelWidth; lane++)
            for (int k = k0; k < k1; k++) {
                const float w = weight(panel * kPanelWidth + lane, k);
                for (int r = 0; r < rows; r++) {
                    float & sum = c[static_cast<size_t>(r * kPanelWidth + lane)];
                    sum = std::fma(a[static_cast<size_t>(r) * lda + static_cast<size_t>(k)], w, sum);
                }
            }
    }

    double exact(int row, int output, double & magnitude) const {
        double sum = 0;
        magnitude = 0;
        for (int k = 0; k < matrix.columns; k++) {
            const double term = static_cast<double>(a[static_cast<size_t>(row) * lda + static_cast<size_t>(k)]) * weight(output, k);
            sum += term;
            magnitude += std::abs(term);
        }
        return sum;
    }

    std::string name(const char * path) const {
        return std::string(path) + " " + type_name(matrix.type) + " " + std::to_string(rows) + " x " + std::to_string(matrix.columns);
    }
};

// Calls the kernel with memory of exactly the size that it may touch; what lies between the rows of `c` must stay.
std::vector<float> multiply(const kernels::Kernels & path, const Product & p, int panel, const std::vector<int> & cuts) {
    const size_t ldc = 48, untouched = 16;
    std::vector<float> c(static_cast<size_t>(p.rows) * ldc - untouched, 77.0f);
    for (size_t i = 0; i + 1 < cuts.size(); i++) {
        std::vector<float> unpacked(p.matrix.type == WeightType::F32 ? 0 : static_cast<size_t>(cuts[i + 1] - cuts[i]) * kPanelWidth, NAN);
        path.gemm_panel(p.a.data(), p.lda, p.rows, p.weights(), panel, cuts[i], cuts[i + 1], c.data(), ldc, i > 0, unpacked.data());
    }
    std::vector<float> result;
    for (size_t r = 0; r < static_cast<size_t>(p.rows); r++) {
        result.insert(result.end(), c.begin() + static_cast<long>(r * ldc), c.begin() + static_cast<long>(r * ldc + kPanelWidth));
        for (size_t i = r * ldc + kPanelWidth; i < std::min(c.size(), (r + 1) * ldc); i++) CHECK_EQUAL(c[i], 77.0f);
    }
    return result;
}

void check_product(const Product & p, const std::vector<int> & cuts) {
    for (int panel = 0; panel < p.weights().panels(); panel++) {
        std::vector<float> expected(static_cast<size_t>(p.rows) * kPanelWidth, 0.0f);
        p.chain(panel, 0, p.matrix.columns, expected);
        for (size_t i = 0; i < expected.size(); i++) {
            double magnitude;
            const double exact = p.exact(static_cast<int>(i) / kPanelWidth, panel * kPanelWidth + static_cast<int>(i) % kPanelWidth, magnitude);
            CHECK_IN(std::abs(expected[i] - exact) <= 1e-7 * p.matrix.columns * magnitude, p.name("chain"));
        }
        for (const kernels::Kernels * path : available_paths())
            CHECK_IN(same_bits(multiply(*path, p, panel, cuts), expected), p.name(path->name));
    }
}

}  // namespace

TEST("gemm: every type, 1 to 30 rows, odd numbers of inputs") {
    Random random(1);
    for (const WeightType type : kWeightTypes)
        for (const int inputs : type == WeightType::Q8_0 ? std::vector<int>{32, 96} : std::vector<int>{1, 2, 15, 33, 50})
            for (int rows = 1; rows <= 30; rows++) check_product(Product(random, type, 32, inputs, rows), {0, inputs});
}

TEST("gemm: several panels, the last one filled up") {
    Random random(2);
    for (const WeightType type : kWeightTypes)
        for (const int outputs : {1, 31, 33, 70}) check_product(Product(random, type, outputs, 64, 13), {0, 64});
}

TEST("gemm: accumulating over blocks of inputs changes no bit") {
    Random random(3);
    for (const WeightType type : kWeightTypes) {
        for (const int rows : {1, 7, 25}) {
            check_product(Product(random, type, 32, 1088, rows), {0, 544, 1088});
            check_product(Product(random, type, 32, 96, rows), {0, 32, 64, 96});
            if (type != WeightType::Q8_0) check_product(Product(random, type, 32, 45, rows), {0, 1, 17, 44, 45});
        }
    }
}

TEST("gemm: all 65,536 halves are read as what they are") {
    Matrix matrix{WeightType::F16, 65536, 1, std::vector<uint8_t>(131072)};
    for (int i = 0; i < 65536; i++) {
        const uint16_t bits = static_cast<uint16_t>(i);
        std::memcpy(matrix.bytes.data() + 2 * i, &bits, 2);
    }
    const std::vector<uint8_t> packed = matrix.packed();
    const kernels::PackedMatrix weights{packed.data(), WeightType::F16, 65536, 1};
    for (const kernels::Kernels * path : available_paths()) {
        // Few rows stream the weights, many widen them first.
        for (const int rows : {1, 30}) {
            const std::vector<float> a(static_cast<size_t>(rows), 1.0f);
            std::vector<float> c(static_cast<size_t>(rows) * kPanelWidth), unpacked(kPanelWidth);
            for (int i = 0; i < 65536; i++) {
                if (i % kPanelWidth == 0)
                    path->gemm_panel(a.data(), 1, rows, weights, i / kPanelWidth, 0, 1, c.data(), kPanelWidth, false, unpacked.data());
                const double expected = decode_f16(static_cast<uint16_t>(i));
                const float found = c[static_cast<size_t>((rows - 1) * kPanelWidth + i % kPanelWidth)];
                CHECK_IN(std::isnan(expected) ? std::isnan(found) : found == expected, path->name + std::to_string(i));
            }
        }
    }
}
