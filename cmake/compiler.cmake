# Language level, warnings and sanitizers, for every target of the project. No CPU flags: those belong to single files
# under src/kernels.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set(CMAKE_EXPORT_COMPILE_COMMANDS ON) # for clang-tidy and editors
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

add_compile_definitions(_POSIX_C_SOURCE=200809L _FILE_OFFSET_BITS=64)
# The same source gives the same arithmetic at every optimisation level: no contraction behind our back.
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes
                    -Wvla -ffp-contract=off -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(DEMUCS_WERROR)
  add_compile_options(-Werror)
endif()

if(DEMUCS_SANITIZE)
  add_compile_options(-fsanitize=${DEMUCS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${DEMUCS_SANITIZE})
endif()
if(DEMUCS_BUILD_FUZZERS)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "The fuzz targets need clang's libFuzzer: configure with -DCMAKE_C_COMPILER=clang.")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link) # coverage for libFuzzer; the targets themselves link its main
endif()
