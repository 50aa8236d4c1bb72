// A disk that fails on demand, for one file and what belongs to it: preloaded, it looks into the file that
// FAULT_DISK_CONTROL names before each write or sync of a file whose path begins with FAULT_DISK_PATH.
// The control file holds one word: ok, full (ENOSPC), io (EIO), read-only (EROFS), unsynced (EIO of syncs
// alone) or stuck (waits until it says something else).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_FILES 4096
static bool watched[MOST_FILES];

static char state(void) {
  static int (*real_open)(const char*, int, ...);
  if (!real_open) real_open = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, "open64");
  const char* control = getenv("FAULT_DISK_CONTROL");
  const int fd = control ? real_open(control, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return 'o';
  char word = 'o';
  if (read(fd, &word, 1) != 1) word = 'o';
  close(fd);
  return word;
}

// 0, or the error to fail with.
static int fault(int fd, bool syncs) {
  if (fd < 0 || fd >= MOST_FILES || !watched[fd]) return 0;
  char word = state();
  while (word == 's') {
    usleep(2000);
    word = state();
  }
  return word == 'f' ? ENOSPC : word == 'i' ? EIO : word == 'r' ? EROFS : word == 'u' && syncs ? EIO : 0;
}

static int watch(const char* path, int fd) {
  const char* prefix = getenv("FAULT_DISK_PATH");
  if (fd >= 0 && fd < MOST_FILES) watched[fd] = prefix && strncmp(path, prefix, strlen(prefix)) == 0;
  return fd;
}

static int open_as(const char* name, const char* path, int flags, int mode) {
  int (*real)(const char*, int, ...) = (int (*)(const char*, int, ...))dlsym(RTLD_NEXT, name);
  return watch(path, real(path, flags, mode));
}

#define OPEN(name)                                            \
  int name(const char* path, int flags, ...) {                \
    va_list list;                                             \
    va_start(list, flags);                                    \
    const int mode = flags & O_CREAT ? va_arg(list, int) : 0; \
    va_end(list);                                             \
    return open_as(#name, path, flags, mode);                 \
  }
OPEN(open)
OPEN(open64)

#define WRAP(syncs, result, name, parameters, arguments)             \
  result name parameters {                                           \
    static result(*real) parameters;                                 \
    if (!real) real = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
    const int error = fault(fd, syncs);                              \
    if (error == 0) return real arguments;                           \
    errno = error;                                                   \
    return -1;                                                       \
  }
WRAP(false, ssize_t, write, (int fd, const void* data, size_t size), (fd, data, size))
WRAP(false, ssize_t, pwrite, (int fd, const void* data, size_t size, off_t at), (fd, data, size, at))
WRAP(false, ssize_t, pwrite64, (int fd, const void* data, size_t size, off64_t at), (fd, data, size, at))
WRAP(false, int, ftruncate, (int fd, off_t size), (fd, size))
WRAP(false, int, ftruncate64, (int fd, off64_t size), (fd, size))
WRAP(true, int, fsync, (int fd), (fd))
WRAP(true, int, fdatasync, (int fd), (fd))

int close(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "close");
  if (fd >= 0 && fd < MOST_FILES) watched[fd] = false;
  return real(fd);
}
