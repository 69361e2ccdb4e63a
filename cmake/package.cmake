# `make deb`: a Debian package and a plain archive, by CPack. The package is demucs-c, so that it can never be taken for
# the Python one.
set(CPACK_PACKAGE_NAME demucs-c)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR "demucs.c contributors")
set(CPACK_PACKAGE_CONTACT "demucs.c contributors <demucs-c@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "split music into drums, bass, vocals and the rest")
set(CPACK_PACKAGE_DESCRIPTION
"Demucs is a neural network that separates a song into its stems. This package
holds an implementation in C that needs neither Python nor PyTorch: the command
demucs, a drop-in for the official one, demucs-models, which fetches and checks
the weights, and libdemucs and libdemucs_tracks with their headers for programs
of one's own.

The weights are not part of the package: they are fetched at first use.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION sound)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# To link libdemucs.a and libdemucs_tracks.a.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS
    "libjansson-dev, libyaml-dev, libavformat-dev, libavcodec-dev, libavutil-dev, libswresample-dev, libmp3lame-dev, libssl-dev, libsqlite3-dev, libebur128-dev")
include(CPack)
