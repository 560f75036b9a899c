// Loads of weights take turns, because a second request for the same file shares what the first one reads.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "error.h"

namespace clmbr {

// The turn of a load. Throws Error ABORTED when `cancelled` is set while others load: that may take them minutes, and whoever cancels (an
// environment that ends, say) waits for this thread.
inline std::unique_lock<std::mutex> wait_to_load(std::mutex & mutex, const std::atomic<bool> & cancelled) {
    std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
    while (!lock.try_lock()) {
        if (cancelled) throw Error("ABORTED", "Loading was cancelled.");
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return lock;
}

}  // namespace clmbr
