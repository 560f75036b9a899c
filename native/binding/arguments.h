// Reads the plain objects that lib/native passes. Their shape is ours: a mismatch is a defect and throws TypeError.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "../engine/batch.h"
#include "../engine/tensor_table.h"

namespace clmbr::binding {

struct LoadArguments {
    ModelDescription description;
    int threads = 1;
    std::string kernels;
};

struct BatchArguments {
    Batch batch;
    // Keep the arrays alive that outputs point into.
    std::vector<Napi::ObjectReference> destinations;
};

LoadArguments read_load_arguments(const Napi::Value & value);
BatchArguments read_batch_arguments(const Napi::Value & value, const Hyperparameters & h);

}  // namespace clmbr::binding
