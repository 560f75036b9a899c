// One device of ggml, its queue of work, and memory on it.
#pragma once

#include <ggml-alloc.h>
#include <ggml-backend.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "../memory.h"
#include "device_state.h"

namespace clmbr {


class Device {
public:
    // Throws Error DEVICE_UNAVAILABLE.
    Device(const std::string & name, int threads);
    ~Device();
    Device(const Device &) = delete;

    const std::string & name() const { return name_; }
    ggml_backend_t backend() const { return backend_; }
    ggml_backend_buffer_type_t buffer_type() const { return ggml_backend_get_default_buffer_type(backend_); }
    const std::shared_ptr<DeviceState> & state() const { return state_; }
    bool supports(const ggml_tensor * operation) const { return ggml_backend_supports_op(backend_, operation); }

    // Whether uploads, graphs and downloads may be queued one after the other without waiting for each.
    bool queues() const { return queues_; }

    // Whether `bytes` more of the device's memory may be asked for. Some is left for what the operators allocate themselves while they
    // run, where ggml could not go on without it.
    bool has_room(size_t bytes) const;

    // Tests make a device smaller than it is.
    void limit_memory(size_t bytes) { limit_ = bytes; }

    // Calls `work`, which may use ggml. When the device fails, it is marked so and Error DEVICE_UNAVAILABLE is thrown; every later
    // call throws at once.
    void use(const std::function<void()> & work);

    // Computes a graph, or queues it where the device queues. Throws Error.
    void compute(ggml_cgraph * graph);

    // Waits for what is queued, if anything can be; a failure only marks the device.
    void settle() noexcept;

    // Ends a graph early where the device can do that (the processor); null: no more.
    void watch(const std::atomic<bool> * cancelled);

private:

    std::string name_;
    std::shared_ptr<DeviceState> state_;
    ggml_backend_t backend_ = nullptr;
    bool queues_ = false, processor_ = false;
    size_t limit_ = SIZE_MAX;
};

struct FreeBuffer {
    std::shared_ptr<DeviceState> state;
    void operator()(ggml_backend_buffer * buffer) const {
        state->free([buffer] { ggml_backend_buffer_free(buffer); });
    }
};
using DeviceBuffer = std::unique_ptr<ggml_backend_buffer, FreeBuffer>;

// Memory of the host that results are read back to: where the device can write to it while the host goes on (pinned), else any. Throws
// Error OUT_OF_MEMORY.
class HostMemory {
public:
    HostMemory(Device & device, size_t bytes, const std::string & purpose);
    // Not before everything that is queued has been read back.
    ~HostMemory() { device_.settle(); }
    HostMemory(const HostMemory &) = delete;

    float * floats() const { return data_; }

private:
    Device & device_;
    DeviceBuffer pinned_;
    Buffer plain_;
    float * data_;
};

// Memory for all tensors of `context`. Throws Error OUT_OF_MEMORY.
DeviceBuffer allocate_tensors(Device & device, ggml_context * context, const std::string & purpose);

}  // namespace clmbr
