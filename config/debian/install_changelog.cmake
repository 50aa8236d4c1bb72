# Run by CPack: Debian's changelog. Its one entry is dated by SOURCE_DATE_EPOCH, if there is one.
include(${CMAKE_CURRENT_LIST_DIR}/maintainer.cmake)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${MADE}/changelog "sluice (${VERSION}) unstable; urgency=medium

  * This version's changes are in CHANGELOG.md, beside this file.

 -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${date}
")
execute_process(COMMAND gzip -9nf ${MADE}/changelog COMMAND_ERROR_IS_FATAL ANY)
file(INSTALL ${MADE}/changelog.gz DESTINATION ${CMAKE_INSTALL_PREFIX}/share/doc/sluice)
