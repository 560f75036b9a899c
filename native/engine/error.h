// The one exception type of the engine: a code of lib/errors.ts and a sentence. Nothing here knows about Node.
#pragma once

#include <stdexcept>
#include <string>

namespace clmbr {

class Error : public std::runtime_error {
public:
    Error(const char * code, const std::string & message) : std::runtime_error(message), code_(code) {}
    const char * code() const { return code_; }

private:
    const char * code_;  // a string literal
};

}  // namespace clmbr
