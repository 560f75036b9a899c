#include "device.h"

#include <ggml-cpu.h>

#include <algorithm>

#include "../error.h"
#include "../faults.h"
#include "backends.h"

namespace clmbr {
namespace {

// Left free on a device of its own memory: the pools of its operators grow while they run.
constexpr size_t kReserve = size_t(512) << 20;

std::string megabytes(size_t bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB"; }

}  // namespace

Device::Device(const std::string & name, int threads) : name_(name), state_(DeviceState::of(name)) {
    use([&] {
        const ggml_backend_dev_t device = find_device(name);
        processor_ = name == kCpuReference;
        backend_ = ggml_backend_dev_init(device, nullptr);
        if (backend_ == nullptr) throw Error("DEVICE_UNAVAILABLE", "The device " + name + " could not be opened.");
        if (processor_) ggml_backend_cpu_set_n_threads(backend_, threads);
        // Only where the order of queued uploads, graphs and downloads is that of one stream.
        queues_ = name.compare(0, 4, "cuda") == 0;
    });
}

Device::~Device() {
    state_->free([backend = backend_] { ggml_backend_free(backend); });
}

bool Device::has_room(size_t bytes) const {
    if (faults::device_is_full() || bytes > limit_) return false;
    if (limit_ != SIZE_MAX || processor_) return true;
    size_t free = 0, total = 0;
    ggml_backend_dev_memory(ggml_backend_get_device(backend_), &free, &total);
    // A device that does not tell its memory is asked until it refuses.
    return total == 0 || (free > kReserve && bytes <= free - kReserve);
}

void Device::compute(ggml_cgraph * graph) {
    if (faults::device_fails()) GGML_ABORT("a fault that a test called up");
    const ggml_status status = queues_ ? ggml_backend_graph_compute_async(backend_, graph) : ggml_backend_graph_compute(backend_, graph);
    switch (status) {
        case GGML_STATUS_SUCCESS: return;
        case GGML_STATUS_ABORTED: throw Error("ABORTED", "The pass was cancelled.");
        case GGML_STATUS_ALLOC_FAILED: throw Error("OUT_OF_MEMORY", "The device " + name_ + " has not enough free memory for the operators of a graph.");
        default: throw Error("DEVICE_UNAVAILABLE", "The device " + name_ + " did not compute a graph (status " + std::to_string(status) + ").");
    }
}

void Device::use(const std::function<void()> & work) {
    const DeviceState::Use use(*state_);
    if (state_->failed())
        throw Error("DEVICE_UNAVAILABLE", "The device " + name_ + " failed earlier in this process: start a new process, or use device 'cpu'.");
    std::string why;
    try {
        const GgmlGuard guard;
        return work();
    } catch (const GgmlFailure & failure) {
        why = failure.message;
    } catch (const Error &) {
        throw;
    } catch (const std::bad_alloc &) {
        throw;
    } catch (const std::exception & error) {
        why = error.what();
    }
    state_->set_failed();
    throw Error("DEVICE_UNAVAILABLE", "The device " + name_ + " failed: " + why + ".");
}

void Device::settle() noexcept {
    if (!queues_ || state_->failed()) return;
    try {
        const GgmlGuard guard;
        ggml_backend_synchronize(backend_);
    } catch (...) {
        state_->set_failed();
    }
}

void Device::watch(const std::atomic<bool> * cancelled) {
    if (!processor_) return;
    const auto stop = [](void * flag) { return static_cast<const std::atomic<bool> *>(flag)->load(); };
    ggml_backend_cpu_set_abort_callback(backend_, cancelled == nullptr ? nullptr : +stop, const_cast<std::atomic<bool> *>(cancelled));
}

HostMemory::HostMemory(Device & device, size_t bytes, const std::string & purpose) : device_(device), pinned_(nullptr, FreeBuffer{device.state()}) {
    if (const ggml_backend_buffer_type_t type = ggml_backend_dev_host_buffer_type(ggml_backend_get_device(device.backend())))
        pinned_.reset(ggml_backend_buft_alloc_buffer(type, bytes));
    if (!pinned_) plain_ = Buffer(bytes, purpose);
    data_ = static_cast<float *>(pinned_ ? ggml_backend_buffer_get_base(pinned_.get()) : plain_.data());
}

DeviceBuffer allocate_tensors(Device & device, ggml_context * context, const std::string & purpose) {
    const size_t bytes = ggml_backend_alloc_ctx_tensors_from_buft_size(context, device.buffer_type());
    const auto refuse = [&] {
        throw Error("OUT_OF_MEMORY", "Could not get " + megabytes(bytes) + " on the device " + device.name() + " for " + purpose + ".");
    };
    if (!device.has_room(bytes)) refuse();
    DeviceBuffer buffer(ggml_backend_alloc_ctx_tensors_from_buft(context, device.buffer_type()), FreeBuffer{device.state()});
    if (!buffer) refuse();
    return buffer;
}

}  // namespace clmbr
