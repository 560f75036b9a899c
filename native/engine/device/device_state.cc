#include "device_state.h"

#include <map>
#include <mutex>

namespace clmbr {
std::shared_ptr<DeviceState> DeviceState::of(const std::string & device) {
    // Never destroyed: worker threads may end after the process has begun to.
    static std::mutex * mutex = new std::mutex;
    static auto * states = new std::map<std::string, std::shared_ptr<DeviceState>>;
    std::lock_guard<std::mutex> lock(*mutex);
    auto & state = (*states)[device];
    if (!state) state = std::make_shared<DeviceState>();
    return state;
}

DeviceState::Use::Use(DeviceState & state) : state_(state), lock_(state.use_) {}

DeviceState::Use::~Use() {
    state_.free_waiting();
    lock_.unlock();
    // Something may have come in between: whoever finds the device free takes care of it.
    if (lock_.try_lock()) state_.free_waiting();
}

void DeviceState::free(std::function<void()> release) noexcept {
    std::unique_lock<std::recursive_mutex> lock(use_, std::try_to_lock);
    if (lock) {
        free_now(release);
        return free_waiting();
    }
    try {
        std::lock_guard<std::mutex> list(list_);
        waiting_.push_back(std::move(release));
    } catch (...) {
        return;  // no memory for the list: what the device holds is lost
    }
    // Its user may have gone in between.
    if (lock.try_lock()) free_waiting();
}

void DeviceState::free_now(const std::function<void()> & release) noexcept {
    if (failed_) return;
    try {
        const GgmlGuard guard;
        release();
    } catch (...) {
        failed_ = true;
    }
}

void DeviceState::free_waiting() noexcept {
    std::vector<std::function<void()>> waiting;
    {
        std::lock_guard<std::mutex> lock(list_);
        waiting.swap(waiting_);
    }
    for (const auto & release : waiting) free_now(release);
}

}  // namespace clmbr
