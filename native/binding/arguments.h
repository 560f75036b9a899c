// Reads the plain objects that lib/native passes. Their shape is ours: a mismatch is a defect and throws TypeError.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "../engine/batch.h"
#include "../engine/device/device_engine.h"
#include "../engine/sampler.h"
#include "../engine/tensor_table.h"

namespace clmbr::binding {

struct LoadArguments {
    ModelDescription description;
    int threads = 1;
    std::string kernels;
    DeviceOptions device;
};

struct BatchArguments {
    Batch batch;
    // Keep the arrays alive that outputs point into.
    std::vector<Napi::ObjectReference> destinations;
};

LoadArguments read_load_arguments(const Napi::Value & value);
BatchArguments read_batch_arguments(const Napi::Value & value, const Hyperparameters & h);
SamplerSettings read_sampler(const Napi::Value & value, const Hyperparameters & h);
std::vector<int32_t> read_int32s(const Napi::Value & object, const char * key);
int read_integer(const Napi::Value & object, const char * key);

}  // namespace clmbr::binding
