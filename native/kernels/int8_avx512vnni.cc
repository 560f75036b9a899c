// GCC 12 takes the undefined registers inside its own AVX-512 headers for a mistake of ours.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define CLMBR_VNNI 1
#include "vec16_avx512.h"
#include "int32x16_avx512.h"

#include "impl/int8_product.h"

namespace clmbr::kernels {

Int8Product avx512vnni_int8_product() { return gemm_int8; }

}  // namespace clmbr::kernels
