# What `make install` copies: the libraries, their headers, and what helps others find them (the programs are named in
# cli/). Every path in the installed files is relative to the file, so the tree can be moved.
include(CMakePackageConfigHelpers)

set(DEMUCS_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/demucs)

install(FILES include/demucs.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS demucs_shared EXPORT demucs_shared)
install(TARGETS demucs_static EXPORT demucs_static)
# Two exports, since the static library drags jansson and libyaml along and the shared one does not.
install(EXPORT demucs_shared NAMESPACE demucs:: FILE demucs-shared.cmake DESTINATION ${DEMUCS_CMAKE_DIR})
install(EXPORT demucs_static NAMESPACE demucs:: FILE demucs-static.cmake DESTINATION ${DEMUCS_CMAKE_DIR})
if(TARGET demucs_tracks_shared)
  install(FILES include/demucs_tracks.h include/demucs_runs.h include/demucs_cache.h include/demucs_settings.h include/demucs_quality.h include/demucs_fit.h include/demucs_video.h
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  foreach(kind shared static)
    install(TARGETS demucs_tracks_${kind} EXPORT demucs_tracks_${kind})
    install(EXPORT demucs_tracks_${kind} NAMESPACE demucs:: FILE demucs_tracks-${kind}.cmake
            DESTINATION ${DEMUCS_CMAKE_DIR})
  endforeach()
endif()
configure_package_config_file(cmake/demucsConfig.cmake.in ${CMAKE_BINARY_DIR}/demucsConfig.cmake
                              INSTALL_DESTINATION ${DEMUCS_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/demucsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/demucsConfig.cmake ${CMAKE_BINARY_DIR}/demucsConfigVersion.cmake
        DESTINATION ${DEMUCS_CMAKE_DIR})

# pkg-config: from the folder of the .pc file up to the prefix, unless a packager chose absolute folders.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  set(PC_PREFIX ${CMAKE_INSTALL_PREFIX})
  set(PC_LIBDIR ${CMAKE_INSTALL_FULL_LIBDIR})
  set(PC_INCLUDEDIR ${CMAKE_INSTALL_FULL_INCLUDEDIR})
else()
  file(RELATIVE_PATH up /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(REGEX REPLACE "/$" "" up "${up}")
  set(PC_PREFIX "\${pcfiledir}/${up}")
  set(PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  set(PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
foreach(name demucs demucs_tracks)
  if(name STREQUAL demucs OR TARGET ${name}_shared)
    configure_file(cmake/${name}.pc.in ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  endif()
endforeach()

file(GLOB manual_pages docs/*.1)
install(FILES ${manual_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
