// Large blocks of memory of our own. ggml is never asked to allocate: it would end the process when it fails.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace clmbr {

// Zeroed memory aligned to 64 bytes (to pages when large), released with the object. Throws Error OUT_OF_MEMORY.
class Buffer {
public:
    Buffer() = default;
    Buffer(size_t bytes, const std::string & purpose);
    ~Buffer() { release(); }
    Buffer(Buffer && other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Buffer & operator=(Buffer && other) noexcept {
        if (this != &other) {
            release();
            data_ = std::exchange(other.data_, nullptr);
            bytes_ = std::exchange(other.bytes_, 0);
        }
        return *this;
    }

    void * data() const { return data_; }
    template <class T>
    T * as() const {
        return static_cast<T *>(data_);
    }
    size_t bytes() const { return bytes_; }

private:
    void release();

    void * data_ = nullptr;
    size_t bytes_ = 0;
};

// Hands out aligned pieces of a buffer. With no buffer behind it, it measures how many bytes the pieces need.
class Arena {
public:
    explicit Arena(void * base = nullptr) : base_(static_cast<char *>(base)) {}

    template <class T>
    T * take(size_t count) {
        T * piece = base_ == nullptr ? nullptr : reinterpret_cast<T *>(base_ + used_);
        used_ += (count * sizeof(T) + 63) / 64 * 64;
        return piece;
    }
    size_t used() const { return used_; }

private:
    char * base_;
    size_t used_ = 0;
};

}  // namespace clmbr
