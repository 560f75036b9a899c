#include "ggml_guard.h"

#include <cstdio>
#include <cstring>
#include <new>

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

GgmlGuard::GgmlGuard() { guards++; }
GgmlGuard::~GgmlGuard() { guards--; }

void install_ggml_callbacks() {
    // With a callback set, a failed assertion no longer forks a debugger before it aborts. See ggml_preconditions.h for why none can
    // fail on the CPU, and device/device_state.h for what happens on other devices.
    ggml_set_abort_callback(on_ggml_abort);
    ggml_log_set(on_ggml_log, nullptr);
}

void on_ggml_abort(const char * message) {
    if (guards > 0) throw GgmlFailure{without_folders(message)};
    std::fprintf(stderr, "clmbr: ggml stopped: %s\n", without_folders(message).c_str());
}

void on_ggml_log(ggml_log_level level, const char * text, void *) {
    // ggml_aligned_malloc() says this, and its callers write through the null pointer that it returns.
    if (guards > 0 && level == GGML_LOG_LEVEL_ERROR && std::strstr(text, "insufficient memory") != nullptr) throw std::bad_alloc();
}

}  // namespace clmbr
