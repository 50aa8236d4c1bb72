# What `cmake --install` puts where, and the Debian package that CPack makes of it: README.md beside this file.
include(GNUInstallDirs)
set(HERE ${CMAKE_CURRENT_LIST_DIR})
set(DATA ${CMAKE_INSTALL_DATADIR}/sluice)
set(DOCUMENTS ${CMAKE_INSTALL_DATADIR}/doc/sluice)
# For any prefix: the program, its man page, units that name it where it is, schemas, alerts and the dashboard, the handbook.
install(TARGETS sluice DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT sluice)
install(FILES config/sluice.schema.json policy/policy.schema.json DESTINATION ${DATA} COMPONENT sluice)
install(FILES config/monitoring/alerts.yaml config/monitoring/grafana.json DESTINATION ${DATA}/monitoring COMPONENT sluice)
set(MADE ${CMAKE_BINARY_DIR}/generated/package)
set(HANDED_ON "set(SOURCE \"${CMAKE_SOURCE_DIR}\")\nset(MADE \"${MADE}\")\nset(VERSION \"${PROJECT_VERSION}\")")
install(CODE "${HANDED_ON}" COMPONENT sluice)
install(SCRIPT ${HERE}/install_program.cmake COMPONENT sluice)

# The pages and the files that they speak of, in the folders in which they refer to each other.
file(GLOB PAGES CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} README.md CHANGELOG.md policy/THREATS.md config/README.md policy/README.md
  proxy/README.md
  config/*/README.md policy/*/README.md proxy/*/README.md proxy/*/*/README.md helm/sluice/*.md
  config/reference.yaml config/*/*.yaml config/*/*.py config/*/*.ps1 config/*/*.sh config/*/*.mjs)
list(FILTER PAGES EXCLUDE REGEX "^config/(debian|image|monitoring)/.*[.](yaml|py|sh)$")
foreach(page ${PAGES})
  get_filename_component(folder ${page} DIRECTORY)
  install(FILES ${page} DESTINATION ${DOCUMENTS}/${folder} COMPONENT sluice)
endforeach()

# For Debian alone: what is in /etc is the operator's, so that `cmake --install` keeps its hands off.
set(DEBIAN COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${HERE}/sluice.yaml ${HERE}/policy.yaml DESTINATION /etc/sluice ${DEBIAN})
install(DIRECTORY DESTINATION /etc/sluice/secrets ${DEBIAN}
  DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
install(FILES ${HERE}/copyright DESTINATION ${DOCUMENTS} ${DEBIAN})
install(FILES ${HERE}/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME sluice ${DEBIAN})
install(CODE "${HANDED_ON}" ${DEBIAN})
install(SCRIPT ${HERE}/install_changelog.cmake ${DEBIAN})

set(CPACK_GENERATOR DEB)
set(CPACK_PROJECT_CONFIG_FILE ${HERE}/maintainer.cmake)
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_SOURCE_DIR}/build/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};sluice;sluice;/;${CMAKE_BINARY_DIR};sluice;debian;/")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"gate in front of the Push Security and SecurEnvoy REST APIs
It holds the vendors' keys so that no tool has to, lets through what a
policy allows, paces what goes out to what the vendors permit, and reports
every decision to webhooks. No write reaches a vendor before its event is
on disk.
.
The service is not started before its configuration in /etc/sluice has been
filled in.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${HERE}/conffiles ${HERE}/postinst ${HERE}/prerm ${HERE}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
