// The backends of ggml that this build has, and the devices that they find.
#pragma once

#include <ggml-backend.h>

#include <string>
#include <vector>

namespace clmbr {

struct DeviceInfo {
    std::string name;         // 'cuda:0'
    std::string backend;      // 'cuda'
    std::string description;  // 'NVIDIA H100'
    size_t memory_free = 0, memory_total = 0;
};

// Name of the device that runs the device graph on the processor, with ggml's own operators: to compare other devices with.
constexpr const char * kCpuReference = "cpu-reference";

// Besides the processor: 'cuda', 'metal', 'vulkan', as built.
std::vector<std::string> compiled_backends();

// Devices of these backends. Never throws: a backend without a driver has none.
std::vector<DeviceInfo> list_devices();

// 'cuda' is the first of several. Throws Error DEVICE_UNAVAILABLE.
ggml_backend_dev_t find_device(const std::string & name);

// Devices that tests bring along (ggml's RPC backend); the name is theirs to choose.
void add_device(const std::string & name, ggml_backend_dev_t device);

}  // namespace clmbr
