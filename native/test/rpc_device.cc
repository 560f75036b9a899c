#include "rpc_device.h"

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml-rpc.h>

#include "../engine/device/backends.h"
#include "test.h"

#if !defined(_WIN32)
#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/prctl.h>
#endif

namespace clmbr::test {

#if defined(_WIN32)

bool RpcDevice::possible() { return false; }
RpcDevice::RpcDevice(const std::string &) {}
void RpcDevice::kill() {}

#else

namespace {

sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    CHECK(bind(socket, reinterpret_cast<sockaddr *>(&address), size) == 0);
    CHECK(getsockname(socket, reinterpret_cast<sockaddr *>(&address), &size) == 0);
    close(socket);
    return ntohs(address.sin_port);
}

bool answers(int port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    const bool connected = connect(socket, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0;
    close(socket);
    return connected;
}

}  // namespace

bool RpcDevice::possible() { return true; }

RpcDevice::RpcDevice(const std::string & name) {
    // The client does not expect a server to vanish.
    std::signal(SIGPIPE, SIG_IGN);
    const int port = free_port();
    const std::string endpoint = "127.0.0.1:" + std::to_string(port);
    std::fflush(stdout);
    child_ = fork();
    if (child_ == 0) {
#if defined(__linux__)
        // Not to outlive tests that crash.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
        // The server talks about itself.
        if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(1);
        ggml_backend_dev_t device = ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0);
        ggml_backend_rpc_start_server(endpoint.c_str(), nullptr, 1, 1, &device);
        _exit(1);
    }
    for (int i = 0; i < 500 && !answers(port); i++) usleep(20000);
    const ggml_backend_reg_t registration = ggml_backend_rpc_add_server(endpoint.c_str());
    CHECK(registration != nullptr && ggml_backend_reg_dev_count(registration) == 1);
    add_device(name, ggml_backend_reg_dev_get(registration, 0));
}

void RpcDevice::kill() {
    if (child_ <= 0) return;
    ::kill(static_cast<pid_t>(child_), SIGKILL);
    waitpid(static_cast<pid_t>(child_), nullptr, 0);
    child_ = -1;
}

#endif

}  // namespace clmbr::test
