# To build for 64-bit ARM Linux on another machine, and to run what was built under qemu. The names are Debian's; its
# packages put the libraries for ARM where both the compiler and pkg-config are told to look here.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triplet aarch64-linux-gnu)
if(NOT DEFINED CMAKE_C_COMPILER)
  set(CMAKE_C_COMPILER ${triplet}-gcc)
endif()
set(CMAKE_C_COMPILER_TARGET ${triplet}) # for clang, which is for all machines

set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${triplet}/pkgconfig)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
