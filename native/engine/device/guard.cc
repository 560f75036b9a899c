#include "guard.h"

#include <cstdio>
#include <map>
#include <mutex>

namespace clmbr {
namespace {

thread_local int guards = 0;

// ggml's messages begin with the path of its source file on the machine that built it.
std::string without_folders(std::string message) {
    const size_t end = message.find(':');
    const size_t slash = message.find_last_of("/\\", end == std::string::npos ? message.size() : end);
    if (slash != std::string::npos && slash < end) message.erase(0, slash + 1);
    while (!message.empty() && message.back() == '\n') message.pop_back();
    return message;
}

}  // namespace

DeviceGuard::DeviceGuard() { guards++; }
DeviceGuard::~DeviceGuard() { guards--; }

void on_ggml_abort(const char * message) {
    if (guards > 0) throw GgmlFailure{without_folders(message)};
    std::fprintf(stderr, "clmbr: ggml stopped: %s\n", without_folders(message).c_str());
}

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
    try {
        std::lock_guard<std::mutex> lock(list_);
        waiting_.push_back(std::move(release));
    } catch (...) {
        return;  // no memory for the list: what the device holds is lost
    }
    std::unique_lock<std::recursive_mutex> lock(use_, std::try_to_lock);
    if (lock) free_waiting();
}

void DeviceState::free_waiting() noexcept {
    std::vector<std::function<void()>> waiting;
    {
        std::lock_guard<std::mutex> lock(list_);
        waiting.swap(waiting_);
    }
    for (const auto & release : waiting) {
        if (failed_) return;
        try {
            const DeviceGuard guard;
            release();
        } catch (...) {
            failed_ = true;
        }
    }
}

}  // namespace clmbr
