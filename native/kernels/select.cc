#include <cstring>

#include "cpu_features.h"
#include "kernels.h"

namespace clmbr::kernels {

const Kernels * select_kernels(const char * forced) {
    const Kernels * available[4];
    int count = 0;
#if defined(CLMBR_X86_64)
    const CpuFeatures cpu = detect_cpu();
    if (cpu.avx512) available[count++] = avx512_kernels();
    if (cpu.avx2) available[count++] = avx2_kernels();
#elif defined(CLMBR_ARM64)
    available[count++] = neon_kernels();
#endif
    available[count++] = scalar_kernels();
    if (forced == nullptr || *forced == 0) return available[0];
    for (int i = 0; i < count; i++)
        if (std::strcmp(available[i]->name, forced) == 0) return available[i];
    return nullptr;
}

}  // namespace clmbr::kernels
