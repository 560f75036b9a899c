#include "peak.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#include "engine/memory.h"
#include "kernels/cpu_features.h"

#if defined(CLMBR_X86_64)
#include <immintrin.h>
#elif defined(CLMBR_ARM64)
#include <arm_neon.h>
#endif

namespace clmbr::bench {
namespace {

// Independent chains: more than the latency of an operation times the number of units that perform it. Each is a variable of its own:
// compilers keep an array in memory.
constexpr int kChains = 12;
constexpr int kSteps = 200000;
#define CLMBR_CHAINS(each) each(0) each(1) each(2) each(3) each(4) each(5) each(6) each(7) each(8) each(9) each(10) each(11)

// The instructions themselves, so that no compiler works the result out beforehand.
#if defined(CLMBR_X86_64)
#define CLMBR_DECLARE_512(i) __m512 sum##i = factor;
#define CLMBR_STEP_512(i) __asm__ volatile("vfmadd213ps %1, %1, %0" : "+v"(sum##i) : "v"(factor));
#define CLMBR_DECLARE_256(i) __m256 sum##i = factor;
#define CLMBR_STEP_256(i) __asm__ volatile("vfmadd213ps %1, %1, %0" : "+x"(sum##i) : "x"(factor));

__attribute__((target("avx512f"), noinline)) void multiply_avx512() {
    const __m512 factor = _mm512_set1_ps(0.5f);
    CLMBR_CHAINS(CLMBR_DECLARE_512)
    for (int step = 0; step < kSteps; step++) {
        CLMBR_CHAINS(CLMBR_STEP_512)
    }
}

__attribute__((target("avx2,fma"), noinline)) void multiply_avx2() {
    const __m256 factor = _mm256_set1_ps(0.5f);
    CLMBR_CHAINS(CLMBR_DECLARE_256)
    for (int step = 0; step < kSteps; step++) {
        CLMBR_CHAINS(CLMBR_STEP_256)
    }
}

__attribute__((target("avx2"), noinline)) void read(const char * from, size_t bytes) {
    __m256i sums[4] = {};
    for (size_t i = 0; i < bytes; i += 128)
#pragma GCC unroll 4
        for (size_t j = 0; j < 4; j++) sums[j] = _mm256_xor_si256(sums[j], _mm256_load_si256(reinterpret_cast<const __m256i *>(from + i + 32 * j)));
    for (__m256i & sum : sums) __asm__ volatile("" : "+x"(sum));
}

#elif defined(CLMBR_ARM64)
#define CLMBR_DECLARE_NEON(i) float32x4_t sum##i = factor;
#define CLMBR_STEP_NEON(i) __asm__ volatile("fmla %0.4s, %1.4s, %1.4s" : "+w"(sum##i) : "w"(factor));

__attribute__((noinline)) void multiply_neon() {
    const float32x4_t factor = vdupq_n_f32(0.5f);
    CLMBR_CHAINS(CLMBR_DECLARE_NEON)
    for (int step = 0; step < kSteps; step++) {
        CLMBR_CHAINS(CLMBR_STEP_NEON)
    }
}

#endif

#if !defined(CLMBR_X86_64)
__attribute__((noinline)) void read(const char * from, size_t bytes) {
    unsigned long long sums[8] = {};
    const unsigned long long * words = reinterpret_cast<const unsigned long long *>(from);
    for (size_t i = 0; i < bytes / 8; i += 8)
        for (size_t j = 0; j < 8; j++) sums[j] ^= words[i + j];
    for (unsigned long long & sum : sums) __asm__ volatile("" : "+r"(sum));
}
#endif

// The shortest of many attempts, so that other programs count as little as possible.
template <class Work>
double shortest(int threads, int attempts, Work work) {
    double best = 1e30;
    for (int attempt = 0; attempt < attempts; attempt++) {
        const double started = seconds(threads);
        std::vector<std::thread> others;
        for (int t = 1; t < threads; t++) others.emplace_back(work, t);
        work(0);
        for (std::thread & other : others) other.join();
        best = std::min(best, seconds(threads) - started);
    }
    return best;
}

Peak peak(const char * name, int lanes, int threads, void (*multiply)()) {
    const double shortest_time = shortest(threads, 300, [multiply](int) { multiply(); });
    return {name, 2.0 * lanes * kChains * kSteps * threads / shortest_time / 1e9};
}

}  // namespace

double seconds(int threads) {
    if (threads == 1) return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<Peak> fma_peaks(int threads) {
    std::vector<Peak> peaks;
#if defined(CLMBR_X86_64)
    const kernels::CpuFeatures features = kernels::detect_cpu();
    if (features.avx2) peaks.push_back(peak("avx2", 8, threads, multiply_avx2));
    if (features.avx512) peaks.push_back(peak("avx512", 16, threads, multiply_avx512));
#elif defined(CLMBR_ARM64)
    peaks.push_back(peak("neon", 4, threads, multiply_neon));
#endif
    return peaks;
}

double read_bandwidth(int threads) {
    const size_t bytes = size_t(256) << 20;
    const Buffer memory(bytes, "the measurement of bandwidth");
    // Pages that were never written are all the same zeros.
    for (size_t i = 0; i < bytes; i += 4096) memory.as<char>()[i] = 1;
    const size_t share = bytes / static_cast<size_t>(threads) / 128 * 128;
    const double shortest_time = shortest(threads, 40, [&](int t) { read(memory.as<char>() + share * static_cast<size_t>(t), share); });
    return static_cast<double>(share) * threads / shortest_time / 1e9;
}

}  // namespace clmbr::bench
