# Find what the project stands on, and say in a sentence what to do when it is not there.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# demucs_require(PREFIX "what it is" modules...): the target PkgConfig::PREFIX, from pkg-config.
function(demucs_require prefix what)
  pkg_check_modules(${prefix} IMPORTED_TARGET GLOBAL ${ARGN})
  if(NOT ${prefix}_FOUND)
    list(JOIN ARGN ", " modules)
    message(FATAL_ERROR "${what} is missing (pkg-config finds no ${modules}). "
                        "tools/install-deps installs everything that the build needs.")
  endif()
endfunction()

demucs_require(JANSSON "The JSON library jansson, with its headers," jansson>=2.12)
demucs_require(YAML "The YAML library libyaml, with its headers," yaml-0.1)
