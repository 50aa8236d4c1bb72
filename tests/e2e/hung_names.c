// A name server that answers for no name under hung.test, however long one waits: preloaded.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int Lookup(const char*, const char*, const struct addrinfo*, struct addrinfo**);

int getaddrinfo(const char* name, const char* service, const struct addrinfo* hints, struct addrinfo** found) {
  if (name && strstr(name, ".hung.test")) {
    sleep(600);
    return EAI_AGAIN;
  }
  Lookup* real = (Lookup*)dlsym(RTLD_NEXT, "getaddrinfo");
  return real(name, service, hints, found);
}
