#include <cstring>

#include "cpu_features.h"
#include "kernels.h"

namespace clmbr::kernels {
namespace {

#if defined(CLMBR_X86_64)
// A table with the int8 products of another path.
Kernels with_int8(const Kernels * table, const char * name, Int8Product product) {
    Kernels result = *table;
    result.name = name;
    result.gemm_int8 = product;
    return result;
}

const Kernels * avx512vnni_kernels() {
    static const Kernels table = with_int8(avx512_kernels(), "avx512vnni", avx512vnni_int8_product());
    return &table;
}

#if !defined(CLMBR_NO_AVXVNNI)
const Kernels * avxvnni_kernels() {
    static const Kernels table = with_int8(avx2_kernels(), "avxvnni", avxvnni_int8_product());
    return &table;
}
#endif
#endif

}  // namespace

const Kernels * select_kernels(const char * forced, bool int8) {
    struct Path {
        const Kernels * table;
        bool only_int8;  // taken by itself for int8 alone
    };
    Path available[5];
    int count = 0;
#if defined(CLMBR_X86_64)
    const CpuFeatures cpu = detect_cpu();
    if (cpu.avx512vnni) available[count++] = {avx512vnni_kernels(), true};
    if (cpu.avx512) available[count++] = {avx512_kernels(), false};
#if !defined(CLMBR_NO_AVXVNNI)
    if (cpu.avxvnni) available[count++] = {avxvnni_kernels(), true};
#endif
    if (cpu.avx2) available[count++] = {avx2_kernels(), false};
#elif defined(CLMBR_ARM64)
    available[count++] = {neon_kernels(), false};
#endif
    available[count++] = {scalar_kernels(), false};
    for (int i = 0; i < count; i++) {
        const Path & path = available[i];
        if (forced == nullptr || *forced == 0 ? int8 || !path.only_int8 : std::strcmp(path.table->name, forced) == 0) return path.table;
    }
    return nullptr;
}

}  // namespace clmbr::kernels
