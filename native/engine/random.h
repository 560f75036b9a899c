// Philox4x32-10: a counter-based generator (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; 2011). Draw number
// `event` of sample `sample` is a function of (seed, sample, event) alone, whatever else is drawn, in whatever order.
#pragma once

#include <cstdint>

namespace clmbr {

// A number in [0, 1) with 53 random bits. Key: the seed. Counter: the event, then the sample.
inline double uniform(uint64_t seed, uint64_t sample, uint64_t event) {
    uint32_t counter[4] = {static_cast<uint32_t>(event), static_cast<uint32_t>(event >> 32), static_cast<uint32_t>(sample),
                           static_cast<uint32_t>(sample >> 32)};
    uint32_t key[2] = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
    for (int round = 0; round < 10; round++) {
        const uint64_t a = uint64_t(0xD2511F53) * counter[0], b = uint64_t(0xCD9E8D57) * counter[2];
        const uint32_t next[4] = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
                                  static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
        for (int i = 0; i < 4; i++) counter[i] = next[i];
        key[0] += 0x9E3779B9;
        key[1] += 0xBB67AE85;
    }
    const uint64_t bits = (static_cast<uint64_t>(counter[0]) << 32 | counter[1]) >> 11;
    return static_cast<double>(bits) * 0x1p-53;
}

}  // namespace clmbr
