// clmbr_native_test [words]: runs the tests whose names contain the words. Last line: N passed, N failed.
#include <chrono>
#include <cstdio>
#include <exception>

#include "../engine/ggml_guard.h"
#include "paths.h"
#include "test.h"

namespace clmbr::test {

std::vector<Test> & tests() {
    static std::vector<Test> all;
    return all;
}

namespace {

// What went wrong, or nothing.
std::string outcome(const Test & test) {
    try {
        test.body();
        return "";
    } catch (const Failure & failure) {
        return failure.what;
    } catch (const Error & error) {
        return std::string("threw ") + error.code() + ": " + error.what();
    } catch (const std::exception & error) {
        return std::string("threw ") + error.what();
    }
}

int run(const char * words) {
    std::string names;
    for (const kernels::Kernels * path : available_paths()) names += std::string(" ") + path->name;
    std::printf("kernels:%s\n", names.c_str());
    int passed = 0, failed = 0;
    for (const Test & test : tests()) {
        if (std::strstr(test.name, words) == nullptr) continue;
        const auto start = std::chrono::steady_clock::now();
        const std::string problem = outcome(test);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        std::printf("%s %s (%.2f s)\n", problem.empty() ? "ok    " : "FAILED", test.name, seconds.count());
        if (!problem.empty()) std::printf("       %s\n", problem.c_str());
        std::fflush(stdout);
        (problem.empty() ? passed : failed)++;
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    std::fflush(stdout);  // a sanitizer may end the process its own way
    // A selection that fits nothing tested nothing.
    return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace clmbr::test

int main(int argc, char ** argv) {
    clmbr::install_ggml_callbacks();
    return clmbr::test::run(argc > 1 ? argv[1] : "");
}
