#include "matrix.h"

#include <cmath>
#include <cstring>

namespace clmbr::test {

using kernels::WeightType;

namespace {

constexpr int kPanel = 32, kBlock = 32, kBlockBytes = 34;

template <class T>
T read(const uint8_t * p) {
    T value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

template <class T>
void write(std::vector<uint8_t> & bytes, size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

// A half of a magnitude below `scale`, now and then a subnormal one.
uint16_t random_f16(Random & random, float scale) {
    const int top = 15 + static_cast<int>(std::floor(std::log2(scale)));
    const int exponent = random.integer(0, 31) == 0 ? 0 : random.integer(top > 5 ? top - 5 : 1, top - 1);
    return static_cast<uint16_t>(random.integer(0, 1) << 15 | exponent << 10 | random.integer(0, 1023));
}

uint16_t random_bf16(Random & random, float scale) {
    const float value = random.real(scale);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<uint16_t>(bits >> 16);
}

}  // namespace

const char * type_name(WeightType type) {
    switch (type) {
        case WeightType::F32: return "F32";
        case WeightType::F16: return "F16";
        case WeightType::BF16: return "BF16";
        case WeightType::Q8_0: return "Q8_0";
        case WeightType::Int8: break;  // never in files
    }
    return "?";
}

double decode_f16(uint16_t bits) {
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
    return sign * (exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25));
}

float Matrix::at(int row, int column) const {
    const uint8_t * source = bytes.data() + row_bytes() * static_cast<size_t>(row);
    const size_t k = static_cast<size_t>(column);
    switch (type) {
        case WeightType::F32: return read<float>(source + 4 * k);
        case WeightType::F16: return static_cast<float>(decode_f16(read<uint16_t>(source + 2 * k)));
        case WeightType::BF16: {
            const uint32_t widened = static_cast<uint32_t>(read<uint16_t>(source + 2 * k)) << 16;
            float value;
            std::memcpy(&value, &widened, sizeof value);
            return value;
        }
        case WeightType::Int8: break;  // never in files
        case WeightType::Q8_0: {
            const uint8_t * block = source + k / kBlock * kBlockBytes;
            return static_cast<float>(decode_f16(read<uint16_t>(block)) * read<int8_t>(block + 2 + k % kBlock));
        }
    }
    return 0;
}

std::vector<uint8_t> Matrix::packed() const {
    const size_t panels = static_cast<size_t>((rows + kPanel - 1) / kPanel), inputs = static_cast<size_t>(columns);
    const size_t width = type == WeightType::F32 ? 4 : type == WeightType::Q8_0 ? 1 : 2;
    // Behind each 32 rows of int8 stand 32 halves.
    const size_t scales = type == WeightType::Q8_0 ? inputs / kBlock * kPanel * 2 : 0;
    const size_t panel_size = inputs * kPanel * width + scales;
    std::vector<uint8_t> result(panels * panel_size, 0);
    for (int row = 0; row < rows; row++) {
        const uint8_t * source = bytes.data() + row_bytes() * static_cast<size_t>(row);
        uint8_t * panel = result.data() + static_cast<size_t>(row / kPanel) * panel_size;
        const size_t lane = static_cast<size_t>(row % kPanel);
        for (size_t k = 0; k < inputs; k++) {
            if (type != WeightType::Q8_0) {
                std::memcpy(panel + (k * kPanel + lane) * width, source + k * width, width);
                continue;
            }
            uint8_t * block = panel + k / kBlock * (kBlock * kPanel + kPanel * 2);
            block[k % kBlock * kPanel + lane] = source[k / kBlock * kBlockBytes + 2 + k % kBlock];
            std::memcpy(block + kBlock * kPanel + 2 * lane, source + k / kBlock * kBlockBytes, 2);
        }
    }
    return result;
}

Matrix random_matrix(Random & random, WeightType type, int rows, int columns, float scale) {
    Matrix m{type, rows, columns, {}};
    const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(columns);
    switch (type) {
        case WeightType::F32:
            m.bytes.resize(count * 4);
            for (size_t i = 0; i < count; i++) write(m.bytes, i * 4, random.real(scale));
            break;
        case WeightType::F16:
            m.bytes.resize(count * 2);
            for (size_t i = 0; i < count; i++) write(m.bytes, i * 2, random_f16(random, scale));
            break;
        case WeightType::BF16:
            m.bytes.resize(count * 2);
            for (size_t i = 0; i < count; i++) write(m.bytes, i * 2, random_bf16(random, scale));
            break;
        case WeightType::Int8: break;  // never in files
        case WeightType::Q8_0:
            m.bytes.resize(count / kBlock * kBlockBytes);
            for (size_t at = 0; at < m.bytes.size(); at += kBlockBytes) {
                write(m.bytes, at, random_f16(random, scale / 128));
                for (size_t i = 0; i < kBlock; i++) m.bytes[at + 2 + i] = static_cast<uint8_t>(random.integer(0, 255));
            }
            break;
    }
    return m;
}

}  // namespace clmbr::test
