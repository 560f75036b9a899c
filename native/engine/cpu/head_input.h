// The head of the network on the CPU: its matrix product by our kernels.
#pragma once

#include "../head.h"
#include "workspace.h"

namespace clmbr::cpu {

// Valid as long as the workspace.
HeadInput head_input(const Workspace & workspace);

}  // namespace clmbr::cpu
