// Defects to order, for scripts/lib/sanitizers: a sanitizer that reports none of these inside of Node would report nothing there.
#include "plants.h"

#include <climits>
#include <memory>
#include <string>
#include <thread>

namespace clmbr::test {
namespace {

// Not seen by the optimiser.
template <class T>
T opaque(T value) {
    volatile T hidden = value;
    return hidden;
}

int read_beyond_the_end() {
    const std::unique_ptr<int[]> block(new int[opaque(8)]());
    return block[static_cast<size_t>(opaque(8))];
}

int read_after_free() {
    int * block = opaque(new int(1));
    delete block;
    return *block;
}

int add_too_much() { return opaque(INT_MAX) + opaque(1); }

int lose_a_block() {
    opaque(new int[opaque(1000)]());
    return 0;
}

int write_from_two_threads() {
    int shared = 0;
    const auto write = [&] {
        for (int i = 0; i < 1000; i++) *opaque(&shared) = i;
    };
    std::thread other(write);
    write();
    other.join();
    return shared;
}

Napi::Value plant(const Napi::CallbackInfo & info) {
    const std::string name = info[0].As<Napi::String>();
    int result = 0;
    if (name == "overflow") result = read_beyond_the_end();
    else if (name == "use-after-free") result = read_after_free();
    else if (name == "signed-overflow") result = add_too_much();
    else if (name == "leak") result = lose_a_block();
    else if (name == "race") result = write_from_two_threads();
    else throw Napi::Error::New(info.Env(), "No such plant.");
    return Napi::Number::New(info.Env(), result);
}

}  // namespace

void define_plants(Napi::Env env, Napi::Object exports) { exports.Set("plant", Napi::Function::New<plant>(env)); }

}  // namespace clmbr::test
