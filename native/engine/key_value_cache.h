// Keys and values that outlive a pass: of a history, once, and of the events that each sample adds to it.
#pragma once

#include <memory>
#include <vector>

#include "hyperparameters.h"
#include "memory.h"

namespace clmbr {

// Per layer and key/value head: keys as panels of 32 [panel][head_size][32], values as [column panel][padded length][32].
class KeyValueStore {
public:
    // Room for `capacity` keys. Throws Error OUT_OF_MEMORY.
    KeyValueStore(const Hyperparameters & h, int capacity);

    size_t padded() const { return padded_; }
    size_t bytes() const { return buffer_.bytes(); }
    float * keys(int layer, int head) const { return at(layer, head); }
    float * values(int layer, int head) const { return at(layer, head) + padded_ * head_size_; }

    // Writes one rotated key and its value.
    void set(int layer, int head, int index, const float * key, const float * value);

    // Copies `count` keys and values that begin at `from` of another store to the front of this one.
    void copy_front(const KeyValueStore & other, int from, int count);

private:
    float * at(int layer, int head) const {
        return buffer_.as<float>() + (static_cast<size_t>(layer) * heads_ + static_cast<size_t>(head)) * padded_ * (head_size_ + columns_);
    }

    size_t layers_, heads_, head_size_, columns_, padded_;
    Buffer buffer_;
};

// A timeline that was computed once and is continued by any number of samples.
struct History {
    int length = 0;
    KeyValueStore store;
    std::vector<float> logits;  // of the event after its last one

    History(const Hyperparameters & h, int tokens) : length(tokens), store(h, tokens) {}

    // Keys that samples read in place: whole panels. They copy the rest, less than 32, in front of their own.
    int shared() const { return length / 32 * 32; }
};

// One sample's continuation.
struct Continuation {
    std::shared_ptr<const History> history;
    KeyValueStore store;
    int length;  // history and own events whose keys are there
    int limit;   // longest that `store` has room for

    Continuation(const Hyperparameters & h, std::shared_ptr<const History> past, int capacity);
};

}  // namespace clmbr
