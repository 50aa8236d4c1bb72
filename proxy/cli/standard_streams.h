// Descriptors 0 to 2 of the process. Thread: the main one, before there are others.
#pragma once

namespace sluice {

// One that was closed by who started the process would be given to the next file or socket, and lines of the
// log written into that. It is held by /dev/null, opened so that its use still fails (EBADF). False: errno
// says why.
bool hold_standard_streams();

}  // namespace sluice
