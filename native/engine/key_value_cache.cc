#include "key_value_cache.h"

#include <cstring>

#include "../kernels/kernels.h"

namespace clmbr {

using kernels::kPanelWidth;

KeyValueStore::KeyValueStore(const Hyperparameters & h, int capacity)
    : layers_(static_cast<size_t>(h.layer_count)),
      heads_(static_cast<size_t>(h.kv_head_count)),
      head_size_(static_cast<size_t>(h.head_size)),
      columns_(kernels::head_panels(head_size_) * kPanelWidth),
      padded_(kernels::round_up(static_cast<size_t>(capacity), kPanelWidth)),
      buffer_(layers_ * heads_ * padded_ * (head_size_ + columns_) * sizeof(float), "keys and values of " + std::to_string(capacity) + " events") {}

void KeyValueStore::set(int layer, int head, int index, const float * key, const float * value) {
    const size_t i = static_cast<size_t>(index);
    float * panel = keys(layer, head) + i / kPanelWidth * head_size_ * kPanelWidth + i % kPanelWidth;
    for (size_t d = 0; d < head_size_; d++) panel[d * kPanelWidth] = key[d];
    float * row = values(layer, head) + i * kPanelWidth;
    for (size_t d = 0; d < head_size_; d++) row[d / kPanelWidth * padded_ * kPanelWidth + d % kPanelWidth] = value[d];
}

void KeyValueStore::copy_front(const KeyValueStore & other, int from, int count) {
    std::vector<float> key(head_size_), value(head_size_);
    for (int layer = 0; layer < static_cast<int>(layers_); layer++) {
        for (int head = 0; head < static_cast<int>(heads_); head++) {
            for (int i = 0; i < count; i++) {
                const size_t source = static_cast<size_t>(from + i);
                const float * panel = other.keys(layer, head) + source / kPanelWidth * head_size_ * kPanelWidth + source % kPanelWidth;
                const float * row = other.values(layer, head) + source * kPanelWidth;
                for (size_t d = 0; d < head_size_; d++) {
                    key[d] = panel[d * kPanelWidth];
                    value[d] = row[d / kPanelWidth * other.padded_ * kPanelWidth + d % kPanelWidth];
                }
                set(layer, head, i, key.data(), value.data());
            }
        }
    }
}

Continuation::Continuation(const Hyperparameters & h, std::shared_ptr<const History> past, int capacity)
    : history(std::move(past)),
      store(h, history->length - history->shared() + capacity),
      length(history->length),
      limit(history->length + capacity) {
    store.copy_front(history->store, history->shared(), history->length - history->shared());
}

}  // namespace clmbr
