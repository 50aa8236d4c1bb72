# Run by `cmake --install`: the units, with the program where this installation has it, and the man page, compressed.
file(MAKE_DIRECTORY ${MADE})
file(READ ${SOURCE}/config/systemd/sluice.service unit)
string(REPLACE /usr/local/bin/sluice ${CMAKE_INSTALL_PREFIX}/bin/sluice unit "${unit}")
file(WRITE ${MADE}/sluice.service "${unit}")
file(INSTALL ${MADE}/sluice.service ${SOURCE}/config/systemd/sluice.socket DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)

execute_process(COMMAND gzip -9nc ${SOURCE}/config/debian/sluice.1 OUTPUT_FILE ${MADE}/sluice.1.gz COMMAND_ERROR_IS_FATAL ANY)
file(INSTALL ${MADE}/sluice.1.gz DESTINATION ${CMAKE_INSTALL_PREFIX}/share/man/man1)
