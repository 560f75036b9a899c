// GCC 12 takes the undefined registers inside its own AVX-512 headers for a mistake of ours.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "vec16_avx512.h"
#include "int32x16_avx512.h"

#include "impl/table.h"

namespace clmbr::kernels {

const Kernels * avx512_kernels() {
    static constexpr Kernels table = make_table("avx512");
    return &table;
}

}  // namespace clmbr::kernels
