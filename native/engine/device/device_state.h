// What everything on one device shares. A failure that leaves ggml as an exception (../ggml_guard.h) leaves what the device held lost and
// never touched again: freeing it could fail in a destructor, which would end the process after all.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../ggml_guard.h"

namespace clmbr {

// What everything on one device shares: whether it works, and who uses it. A device that failed stays so until the process ends.
class DeviceState {
public:
    static std::shared_ptr<DeviceState> of(const std::string & device);

    bool failed() const { return failed_; }
    void set_failed() { failed_ = true; }
    void forget_failure() { failed_ = false; }  // for tests

    // Frees something on the device: now, or when whoever uses it is done, because ggml's backends are not made for two threads and a
    // JavaScript thread must not wait. Never, when the device failed.
    void free(std::function<void()> release) noexcept;

    // One thread at a time uses the device.
    class Use {
    public:
        explicit Use(DeviceState & state);
        ~Use();

    private:
        DeviceState & state_;
        std::unique_lock<std::recursive_mutex> lock_;
    };

private:
    void free_now(const std::function<void()> & release) noexcept;
    void free_waiting() noexcept;

    std::atomic<bool> failed_{false};
    std::recursive_mutex use_;
    std::mutex list_;
    std::vector<std::function<void()>> waiting_;
};

}  // namespace clmbr
