#pragma once

#include <vector>

#include "../kernels/kernels.h"

namespace clmbr::test {

// The kernels of every instruction set that this processor has; the scalar ones first.
inline std::vector<const kernels::Kernels *> available_paths() {
    std::vector<const kernels::Kernels *> paths;
    for (const char * name : {"scalar", "avx2", "avxvnni", "avx512", "avx512vnni", "neon"})
        if (const kernels::Kernels * path = kernels::select_kernels(name)) paths.push_back(path);
    return paths;
}

}  // namespace clmbr::test
