# ggml: which one, and how it is built. This file is the only place that knows either; scripts/lib/ggml-pin.mjs reads the
# pin from the lines below (keep the form `set(NAME "value")`).

# ggml's sources come from the npm registry: the package below carries a git bundle of the llama.cpp release that it was
# built from. The digest is the registry's own integrity value of the tarball; scripts/lib/ggml-fetch.mjs verifies it.
set(CLMBR_GGML_VERSION "0.25.1")
set(CLMBR_GGML_PACKAGE "node-llama-cpp")
set(CLMBR_GGML_PACKAGE_VERSION "3.22.1")
set(CLMBR_GGML_PACKAGE_INTEGRITY "sha512-bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==")

# -DCLMBR_GGML_DIR=... or the environment variable of the same name take ggml from elsewhere. A checkout has all of ggml in
# .ggml/<version>; the published package has the part that the addon is built from in vendor/ggml.
if(NOT CLMBR_GGML_DIR)
  if(DEFINED ENV{CLMBR_GGML_DIR} AND NOT "$ENV{CLMBR_GGML_DIR}" STREQUAL "")
    file(TO_CMAKE_PATH "$ENV{CLMBR_GGML_DIR}" CLMBR_GGML_DIR)
  elseif(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/.ggml/${CLMBR_GGML_VERSION}/CMakeLists.txt")
    set(CLMBR_GGML_DIR "${CMAKE_CURRENT_SOURCE_DIR}/.ggml/${CLMBR_GGML_VERSION}")
  else()
    set(CLMBR_GGML_DIR "${CMAKE_CURRENT_SOURCE_DIR}/vendor/ggml")
  endif()
endif()
if(NOT EXISTS "${CLMBR_GGML_DIR}/CMakeLists.txt")
  message(FATAL_ERROR "ggml's sources are not at ${CLMBR_GGML_DIR} (no CMakeLists.txt there): run `npm run build`, which fetches them, or point CLMBR_GGML_DIR to them.")
endif()

option(CLMBR_NATIVE "Compile ggml's stock CPU operators for the processor of this machine" OFF)
option(CLMBR_CUDA "Build ggml's CUDA backend" OFF)
option(CLMBR_METAL "Build ggml's Metal backend" OFF)
option(CLMBR_VULKAN "Build ggml's Vulkan backend" OFF)

# Cache entries, because ggml's own option() calls must find them set.
function(clmbr_set_option name value)
  set(${name} ${value} CACHE BOOL "set by native/ggml.cmake" FORCE)
endfunction()

clmbr_set_option(BUILD_SHARED_LIBS OFF)
clmbr_set_option(GGML_STATIC OFF) # would add -static to the link line, not what "static libraries" needs
clmbr_set_option(GGML_BACKEND_DL OFF)
clmbr_set_option(GGML_CCACHE OFF)
clmbr_set_option(GGML_ALL_WARNINGS OFF)
clmbr_set_option(GGML_BUILD_TESTS OFF)
clmbr_set_option(GGML_BUILD_EXAMPLES OFF)

# One thread pool: ours, made of ggml's threads. OpenMP and BLAS would each bring another.
clmbr_set_option(GGML_OPENMP OFF)
clmbr_set_option(GGML_BLAS OFF)
clmbr_set_option(GGML_ACCELERATE OFF)
clmbr_set_option(GGML_LLAMAFILE OFF)
clmbr_set_option(GGML_CPU_REPACK OFF)

# Stock operators run on the oldest processor of the architecture: all time is spent in our own kernels, which pick their
# instruction set at run time. GGML_NATIVE=OFF alone is not enough: it then means AVX2 in a native build and SSE2 in a
# cross build.
clmbr_set_option(GGML_NATIVE ${CLMBR_NATIVE})
foreach(instruction_set SSE42 AVX AVX_VNNI AVX2 BMI2 FMA F16C AVX512 AVX512_VBMI AVX512_VNNI AVX512_BF16 AMX_TILE AMX_INT8 AMX_BF16)
  clmbr_set_option(GGML_${instruction_set} OFF)
endforeach()

clmbr_set_option(GGML_CUDA ${CLMBR_CUDA})
if(CLMBR_CUDA)
  # Without virtual memory management the driver's library is not linked, so that a machine without a driver can load the addon and
  # say so. Several devices are for several models, not for one: no NCCL.
  clmbr_set_option(GGML_CUDA_NO_VMM ON)
  clmbr_set_option(GGML_CUDA_NCCL OFF)
  # Turing (T4) to Hopper (H100, H200). Machine code only: intermediate code of a newer toolkit may be too new for an older driver.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90-real)
  endif()
endif()
clmbr_set_option(GGML_VULKAN ${CLMBR_VULKAN})
clmbr_set_option(GGML_METAL ${CLMBR_METAL})
clmbr_set_option(GGML_METAL_EMBED_LIBRARY ${CLMBR_METAL})

# ggml asks git for the commit of the repository that it lies in, which would be ours and change with every commit. With
# an empty program it asks nobody and keeps the name given here.
set(GIT_EXE "" CACHE FILEPATH "not used: see native/ggml.cmake" FORCE)
set(GGML_BUILD_COMMIT "${CLMBR_GGML_PACKAGE}-${CLMBR_GGML_PACKAGE_VERSION}")

# Memory that the host cannot see, without a GPU: only native tests link it.
clmbr_set_option(GGML_RPC ${CLMBR_NATIVE_TESTS})

# EXCLUDE_FROM_ALL: only what the addon links is compiled (not ggml's registry of backends, for instance).
add_subdirectory("${CLMBR_GGML_DIR}" "${CMAKE_BINARY_DIR}/ggml" EXCLUDE_FROM_ALL)

# Left out of ggml-base, without a change to its sources:
# - ggml.cpp does one thing: a static initializer that replaces the process's std::terminate handler by one that forks a
#   debugger (unless GGML_NO_BACKTRACE is set before the library is loaded). That handler belongs to the host process.
# - gguf.cpp: files are parsed in TypeScript; what is not in the binary cannot be reached by a malformed file.
# - ggml-opt.cpp: training.
# The other half of ggml's crash handling, the backtrace by a forked debugger in ggml_abort(), is replaced at run time:
# the addon calls ggml_set_abort_callback() first thing.
get_target_property(clmbr_ggml_base_sources ggml-base SOURCES)
list(LENGTH clmbr_ggml_base_sources clmbr_ggml_base_count)
list(REMOVE_ITEM clmbr_ggml_base_sources ggml.cpp gguf.cpp ggml-opt.cpp)
list(LENGTH clmbr_ggml_base_sources clmbr_ggml_base_kept)
math(EXPR clmbr_ggml_base_dropped "${clmbr_ggml_base_count} - ${clmbr_ggml_base_kept}")
if(NOT clmbr_ggml_base_dropped EQUAL 3)
  message(FATAL_ERROR "Expected ggml-base to list ggml.cpp, gguf.cpp and ggml-opt.cpp, but ${clmbr_ggml_base_dropped} of them are there: ggml changed, so native/ggml.cmake must be looked at again.")
endif()
set_target_properties(ggml-base PROPERTIES SOURCES "${clmbr_ggml_base_sources}")

# ggml_abort() may throw through C (see native/engine/device/guard.h).
if(NOT MSVC)
  foreach(target ggml-base ggml-cpu)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:-fexceptions>)
  endforeach()
endif()

# What the engine links. On Linux ggml-base needs libm and threads, which its own target brings.
add_library(clmbr_ggml INTERFACE)
target_link_libraries(clmbr_ggml INTERFACE ggml-cpu ggml-base)
target_include_directories(clmbr_ggml SYSTEM INTERFACE "${CLMBR_GGML_DIR}/include")
foreach(backend CUDA VULKAN METAL)
  if(CLMBR_${backend})
    string(TOLOWER ${backend} backend_name)
    target_link_libraries(clmbr_ggml INTERFACE ggml-${backend_name})
    target_compile_definitions(clmbr_ggml INTERFACE CLMBR_USE_${backend})
  endif()
endforeach()
