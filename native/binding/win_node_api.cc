// Node-API's functions for an addon made by a compiler that knows no delay-loaded imports (MinGW-w64's). An ordinary import
// would name NODE.EXE, and Windows would look for that file beside a host that is called something else: Electron, or a
// renamed node. So each function is a jump through a table that is filled from the host itself when the addon is loaded.
#if defined(_WIN32) && !defined(_MSC_VER)

#if !defined(__x86_64__)
#error "The jumps below are written for x86-64."
#endif

#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <cstddef>

namespace {

constexpr const char * kNames[] = {
#define CLMBR_NODE_API(name) #name,
#include "node_api_functions.inc"
#undef CLMBR_NODE_API
};
constexpr size_t kCount = sizeof kNames / sizeof kNames[0];

// Stands in for a function that the host lacks; 9 is napi_generic_failure, which becomes an exception in JavaScript.
int unavailable() { return 9; }

HMODULE find_host() {
    // Most hosts carry Node-API in the program itself; some in a library.
    static constexpr const wchar_t * kHosts[] = {nullptr, L"node.exe", L"libnode.dll", L"node.dll"};
    for (const wchar_t * name : kHosts) {
        const HMODULE host = GetModuleHandleW(name);
        if (host != nullptr && GetProcAddress(host, "napi_create_function") != nullptr) return host;
    }
    return nullptr;
}

}  // namespace

extern "C" {

void * clmbr_node_api_table[kCount];

BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, LPVOID) {
    if (reason != DLL_PROCESS_ATTACH) return TRUE;
    DisableThreadLibraryCalls(library);
    const HMODULE host = find_host();
    for (size_t i = 0; i < kCount; i++) {
        const FARPROC function = host == nullptr ? nullptr : GetProcAddress(host, kNames[i]);
        clmbr_node_api_table[i] = function == nullptr ? reinterpret_cast<void *>(unavailable) : reinterpret_cast<void *>(function);
    }
    return TRUE;
}

}  // extern "C"

// Written as assembly because a jump passes on any arguments, whatever the function's signature.
__asm__(".text\n.set clmbr_node_api_offset, 0\n");
#define CLMBR_NODE_API(name)                                       \
    __asm__(".globl " #name "\n" #name                             \
            ": jmpq *clmbr_node_api_table+clmbr_node_api_offset(%rip)\n" \
            ".set clmbr_node_api_offset, clmbr_node_api_offset + 8\n");
#include "node_api_functions.inc"
#undef CLMBR_NODE_API

#endif
