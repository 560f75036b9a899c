// A device whose memory this process cannot see: ggml's RPC backend, served by a child process on loopback.
#pragma once

#include <string>

namespace clmbr::test {

class RpcDevice {
public:
    // Starts the server and makes it known to the engine as `name`.
    explicit RpcDevice(const std::string & name);
    ~RpcDevice() { kill(); }
    RpcDevice(const RpcDevice &) = delete;

    void kill();

    // Where processes can be forked.
    static bool possible();

private:
    long child_ = -1;
};

}  // namespace clmbr::test
