# Cross-compiles with zig's clang, C library headers and linker: scripts/lib/prebuild drives it.
#   -DCLMBR_ZIG_TOOLS=<folder>   holds cc, c++, ar and ranlib, each a call of zig for one target
#   -DCLMBR_ZIG_SYSTEM=Linux|Windows|Darwin   -DCLMBR_ZIG_PROCESSOR=x86_64|aarch64
# CMake reads this file again for every check that it compiles; those know only what is passed on to them.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CLMBR_ZIG_TOOLS CLMBR_ZIG_SYSTEM CLMBR_ZIG_PROCESSOR)

set(CMAKE_SYSTEM_NAME "${CLMBR_ZIG_SYSTEM}")
set(CMAKE_SYSTEM_PROCESSOR "${CLMBR_ZIG_PROCESSOR}")
set(CMAKE_C_COMPILER "${CLMBR_ZIG_TOOLS}/cc")
set(CMAKE_CXX_COMPILER "${CLMBR_ZIG_TOOLS}/c++")
set(CMAKE_AR "${CLMBR_ZIG_TOOLS}/ar" CACHE FILEPATH "zig ar")
set(CMAKE_RANLIB "${CLMBR_ZIG_TOOLS}/ranlib" CACHE FILEPATH "zig ranlib")

# Checks are compiled but not linked: linking the first program of a target makes zig build a whole C++ library, minutes
# for nothing. A check for a symbol in a library therefore always passes; neither ggml nor we depend on one.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
