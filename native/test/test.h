// A registry of tests and the checks that they make. No framework: what is here is all there is.
#pragma once

#include <cmath>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "../engine/error.h"

namespace clmbr::test {

struct Test {
    const char * name;
    void (*body)();
};

// In order of registration.
std::vector<Test> & tests();

struct Registration {
    Registration(const char * name, void (*body)()) { tests().push_back({name, body}); }
};

// Thrown by a check that does not hold. Checks belong to the test's own thread: tasks of a pool must not throw.
struct Failure {
    std::string what;
};

[[noreturn]] inline void fail(const char * file, int line, const std::string & what) {
    const char * name = std::strrchr(file, '/');
    throw Failure{std::string(name == nullptr ? file : name + 1) + ":" + std::to_string(line) + ": " + what};
}

template <class A, class B>
void check_equal(const A & found, const B & expected, const char * text, const char * file, int line) {
    if (found == expected) return;
    std::ostringstream message;
    message << text << ": expected " << expected << ", found " << found;
    fail(file, line, message.str());
}

// Calls `f`, which has to throw Error with this code and these words in its message.
template <class F>
void check_throws(const char * code, const char * words, const F & f, const char * file, int line) {
    try {
        f();
    } catch (const Error & error) {
        if (std::strcmp(error.code(), code) != 0 || std::strstr(error.what(), words) == nullptr)
            fail(file, line, std::string("expected ") + code + " with '" + words + "', found " + error.code() + ": " + error.what());
        return;
    }
    fail(file, line, std::string("expected ") + code + " with '" + words + "', but nothing was thrown");
}

inline bool same_bits(const float * a, const float * b, size_t count) { return std::memcmp(a, b, count * sizeof(float)) == 0; }
inline bool same_bits(const std::vector<float> & a, const std::vector<float> & b) {
    return a.size() == b.size() && same_bits(a.data(), b.data(), a.size());
}

inline bool is_close(double found, double expected, double relative, double absolute) {
    return std::abs(found - expected) <= relative * std::abs(expected) + absolute;
}

}  // namespace clmbr::test

#define CLMBR_JOIN_(a, b) a##b
#define CLMBR_JOIN(a, b) CLMBR_JOIN_(a, b)
#define TEST(name)                                                                                                   \
    static void CLMBR_JOIN(test_at_, __LINE__)();                                                                    \
    static const clmbr::test::Registration CLMBR_JOIN(registration_at_, __LINE__)(name, CLMBR_JOIN(test_at_, __LINE__)); \
    static void CLMBR_JOIN(test_at_, __LINE__)()

#define CHECK(condition) ((condition) ? (void)0 : clmbr::test::fail(__FILE__, __LINE__, "expected " #condition))
// With `what` (a string) to tell the cases of a loop apart.
#define CHECK_IN(condition, what) \
    ((condition) ? (void)0 : clmbr::test::fail(__FILE__, __LINE__, std::string("expected " #condition ": ") + (what)))
#define CHECK_EQUAL(found, expected) clmbr::test::check_equal(found, expected, #found, __FILE__, __LINE__)
#define CHECK_THROWS(code, words, ...) clmbr::test::check_throws(code, words, [&] { __VA_ARGS__; }, __FILE__, __LINE__)
