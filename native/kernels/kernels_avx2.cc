#include "vec16_avx2.h"
#include "int32x16_avx2.h"

#include "impl/table.h"

namespace clmbr::kernels {

const Kernels * avx2_kernels() {
    static constexpr Kernels table = make_table("avx2");
    return &table;
}

}  // namespace clmbr::kernels
