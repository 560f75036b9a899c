#include "vec16_scalar.h"
#include "int32x16_scalar.h"

#include "impl/table.h"

namespace clmbr::kernels {

const Kernels * scalar_kernels() {
    static constexpr Kernels table = make_table("scalar");
    return &table;
}

}  // namespace clmbr::kernels
