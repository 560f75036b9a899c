#pragma once

#include <cstdint>
#include <vector>

namespace clmbr::test {

// SplitMix64: the same numbers on every machine.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t bits() {
        uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }
    // low..high, both included.
    int integer(int low, int high) { return low + static_cast<int>(bits() % static_cast<uint64_t>(high - low + 1)); }
    // [-scale, scale)
    float real(float scale = 1) { return scale * static_cast<float>(static_cast<double>(bits() >> 11) / 4503599627370496.0 - 1.0); }

    std::vector<float> reals(size_t count, float scale = 1) {
        std::vector<float> result(count);
        for (float & x : result) x = real(scale);
        return result;
    }

private:
    uint64_t state_;
};

}  // namespace clmbr::test
