// Work on one model in the order in which it was started. A mutex would let a late comer overtake whoever has waited.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

namespace clmbr::binding {

class Turns {
public:
    // A place in the queue; given up when it is destroyed, also when its turn never came.
    class Place {
    public:
        explicit Place(std::shared_ptr<Turns> turns) : turns_(std::move(turns)) {
            const std::lock_guard<std::mutex> lock(turns_->mutex_);
            turns_->places_.push_back(this);
        }
        ~Place() { leave(); }
        Place(const Place &) = delete;
        Place & operator=(const Place &) = delete;

        // Waits until nobody is before it.
        void wait() {
            std::unique_lock<std::mutex> lock(turns_->mutex_);
            turns_->left_.wait(lock, [this] { return turns_->places_.front() == this; });
        }

        // Lets the next one go on. Does nothing the second time.
        void leave() {
            {
                const std::lock_guard<std::mutex> lock(turns_->mutex_);
                auto & places = turns_->places_;
                places.erase(std::remove(places.begin(), places.end(), this), places.end());
            }
            turns_->left_.notify_all();
        }

    private:
        std::shared_ptr<Turns> turns_;
    };

private:
    std::mutex mutex_;
    std::condition_variable left_;
    std::deque<const Place *> places_;
};

}  // namespace clmbr::binding
