#define CLMBR_VNNI 1
#include "vec16_avx2.h"
#include "int32x16_avx2.h"

#include "impl/int8_product.h"

namespace clmbr::kernels {

Int8Product avxvnni_int8_product() { return gemm_int8; }

}  // namespace clmbr::kernels
