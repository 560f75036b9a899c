#include "backends.h"

#include <ggml-cpu.h>

#include <exception>
#include <map>

#if defined(CLMBR_USE_CUDA)
#include <ggml-cuda.h>
#endif
#if defined(CLMBR_USE_METAL)
#include <ggml-metal.h>
#endif
#if defined(CLMBR_USE_VULKAN)
#include <ggml-vulkan.h>
#endif

#include "../error.h"
#include "device_state.h"

namespace clmbr {
namespace {

struct Backend {
    const char * name;
    ggml_backend_reg_t (*registration)();
};

const std::vector<Backend> & backends() {
    static const std::vector<Backend> all = {
#if defined(CLMBR_USE_CUDA)
        {"cuda", ggml_backend_cuda_reg},
#endif
#if defined(CLMBR_USE_METAL)
        {"metal", ggml_backend_metal_reg},
#endif
#if defined(CLMBR_USE_VULKAN)
        {"vulkan", ggml_backend_vk_reg},
#endif
    };
    return all;
}

std::map<std::string, ggml_backend_dev_t> & added() {
    static std::map<std::string, ggml_backend_dev_t> devices;
    return devices;
}

// Calls f(name, device) for every device; a backend that fails has none.
template <class F>
void each_device(F f) {
    for (const Backend & backend : backends()) {
        try {
            const GgmlGuard guard;
            const ggml_backend_reg_t registration = backend.registration();
            const size_t count = registration == nullptr ? 0 : ggml_backend_reg_dev_count(registration);
            for (size_t i = 0; i < count; i++)
                f(backend.name, backend.name + (":" + std::to_string(i)), ggml_backend_reg_dev_get(registration, i));
        } catch (const GgmlFailure &) {
        } catch (const std::exception &) {
        }
    }
}

std::string joined(const std::vector<std::string> & names) {
    std::string text;
    for (const std::string & name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

}  // namespace

std::vector<std::string> compiled_backends() {
    std::vector<std::string> names;
    for (const Backend & backend : backends()) names.push_back(backend.name);
    return names;
}

std::vector<DeviceInfo> list_devices() {
    std::vector<DeviceInfo> devices;
    each_device([&](const char * backend, const std::string & name, ggml_backend_dev_t device) {
        DeviceInfo info{name, backend, ggml_backend_dev_description(device), 0, 0};
        ggml_backend_dev_memory(device, &info.memory_free, &info.memory_total);
        devices.push_back(info);
    });
    return devices;
}

ggml_backend_dev_t find_device(const std::string & name) {
    if (name == kCpuReference) return ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0);
    if (const auto found = added().find(name); found != added().end()) return found->second;
    ggml_backend_dev_t found = nullptr;
    std::vector<std::string> names;
    each_device([&](const char * backend, const std::string & own, ggml_backend_dev_t device) {
        names.push_back(own);
        if (found == nullptr && (own == name || name == backend)) found = device;
    });
    if (found != nullptr) return found;
    const std::string backend = name.substr(0, name.find(':'));
    bool compiled = false;
    for (const std::string & each : compiled_backends()) compiled = compiled || each == backend;
    const std::string there = names.empty() ? "there is none" : "there are " + joined(names);
    throw Error("DEVICE_UNAVAILABLE",
                compiled ? "Expected a device '" + name + "', but " + there + ": is its driver installed, and the device visible to this process?"
                         : "Expected a device '" + name + "', but this build of the addon has no backend of that name.");
}

void add_device(const std::string & name, ggml_backend_dev_t device) { added()[name] = device; }

}  // namespace clmbr
