#include "vec16_neon.h"
#include "int32x16_scalar.h"

#include "impl/table.h"

namespace clmbr::kernels {

const Kernels * neon_kernels() {
    static constexpr Kernels table = make_table("neon");
    return &table;
}

}  // namespace clmbr::kernels
