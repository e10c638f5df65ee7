/* Counts, and kills at, every call that changes the disk below one folder. Loaded into each process of a run by
 * LD_PRELOAD, so that stages written in anything are counted with the suite itself.
 *
 *   KILL_UNDER  the folder
 *   KILL_STATE  a file of sizeof(struct state) bytes, shared by all processes of the run
 *   KILL_LOG    optional: takes one line for each call, "NAME<tab>PATH<tab>OTHER PATH"
 *   KILL_ONLY   optional: the name of the only calls that are logged
 *
 * At point number `target` all processes of the run get SIGKILL: before the call, or, where it writes, after half of it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct state {
  int count, target, processes, pids[1021];
};

static struct state *state;
static char under[PATH_MAX];
static const char *only;
static int journal = -1;

static void enter(void) {
  if (state) state->pids[__sync_fetch_and_add(&state->processes, 1) % 1021] = getpid();
}

__attribute__((constructor)) static void begin(void) {
  const char *place = getenv("KILL_STATE"), *folder = getenv("KILL_UNDER"), *log = getenv("KILL_LOG");
  if (!place || !folder) return;
  int file = syscall(SYS_openat, AT_FDCWD, place, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  strncpy(under, folder, sizeof under - 1);
  state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  syscall(SYS_close, file);
  if (state == MAP_FAILED) state = NULL;
  enter();
  pthread_atfork(NULL, NULL, enter); /* a process that is forked and goes on without exec */
  only = getenv("KILL_ONLY");
  if (log) journal = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
}

static void die(void) {
  for (int at = 0; at < state->processes && at < 1021; at++)
    if (state->pids[at] != getpid()) kill(state->pids[at], SIGKILL);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void of_descriptor(int descriptor, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = 0;
}

static void absolute(int folder, const char *name, char *path) {
  if (name[0] == '/') {
    snprintf(path, PATH_MAX, "%s", name);
    return;
  }
  char start[PATH_MAX];
  if (folder != AT_FDCWD) of_descriptor(folder, start);
  else if (!getcwd(start, sizeof start)) start[0] = 0;
  if (snprintf(path, PATH_MAX, "%s/%s", start, name) >= PATH_MAX) path[0] = 0;
}

/* Whether this call is the one to die at. */
static int point(const char *call, const char *path, const char *other) {
  size_t length = strlen(under);
  if (!state || strncmp(path, under, length) || (path[length] != '/' && path[length])) return 0;
  if (journal >= 0 && (!only || !strcmp(only, call))) {
    char line[3 * PATH_MAX];
    int size = snprintf(line, sizeof line, "%s\t%s\t%s\n", call, path, other);
    syscall(SYS_write, journal, line, size);
  }
  int number = __sync_add_and_fetch(&state->count, 1);
  return number == state->target;
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)
#define AT_PATH(call, folder, name) \
  do { \
    char path_[PATH_MAX]; \
    absolute(folder, name, path_); \
    if (point(call, path_, "")) die(); \
  } while (0)
#define AT_TWO(call, folder, name, folder2, name2) \
  do { \
    char path_[PATH_MAX], other_[PATH_MAX]; \
    absolute(folder, name, path_); \
    absolute(folder2, name2, other_); \
    if (point(call, other_, path_)) die(); \
  } while (0)
#define AT_FILE(call, descriptor) \
  do { \
    char path_[PATH_MAX]; \
    of_descriptor(descriptor, path_); \
    if (point(call, path_, "")) die(); \
  } while (0)

#define OPEN(function, folder, ...) \
  mode_t mode = 0; \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list list; \
    va_start(list, flags); \
    mode = va_arg(list, mode_t); \
    va_end(list); \
  } \
  if (flags & (O_CREAT | O_TRUNC)) AT_PATH("create", folder, name); \
  return real(__VA_ARGS__, name, flags, mode)

int openat(int folder, const char *name, int flags, ...) {
  REAL(int, "openat", int, const char *, int, ...);
  OPEN("openat", folder, folder);
}
int openat64(int folder, const char *name, int flags, ...) {
  REAL(int, "openat64", int, const char *, int, ...);
  OPEN("openat64", folder, folder);
}
#undef OPEN
#define OPEN(function) \
  REAL(int, function, const char *, int, ...); \
  mode_t mode = 0; \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list list; \
    va_start(list, flags); \
    mode = va_arg(list, mode_t); \
    va_end(list); \
  } \
  if (flags & (O_CREAT | O_TRUNC)) AT_PATH("create", AT_FDCWD, name); \
  return real(name, flags, mode)
int open(const char *name, int flags, ...) { OPEN("open"); }
int open64(const char *name, int flags, ...) { OPEN("open64"); }

ssize_t write(int descriptor, const void *bytes, size_t size) {
  REAL(ssize_t, "write", int, const void *, size_t);
  char path[PATH_MAX];
  if (state) {
    of_descriptor(descriptor, path);
    if (point("write", path, "")) {
      real(descriptor, bytes, size / 2);
      die();
    }
  }
  return real(descriptor, bytes, size);
}
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size, unsigned int flags) {
  REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned int);
  AT_FILE("write", to);
  return real(from, from_at, to, to_at, size, flags);
}
ssize_t sendfile64(int to, int from, off64_t *from_at, size_t size) {
  REAL(ssize_t, "sendfile64", int, int, off64_t *, size_t);
  AT_FILE("write", to);
  return real(to, from, from_at, size);
}
int fsync(int descriptor) {
  REAL(int, "fsync", int);
  AT_FILE("fsync", descriptor);
  return real(descriptor);
}
int fdatasync(int descriptor) {
  REAL(int, "fdatasync", int);
  AT_FILE("fsync", descriptor);
  return real(descriptor);
}
int fchmod(int descriptor, mode_t mode) {
  REAL(int, "fchmod", int, mode_t);
  AT_FILE("chmod", descriptor);
  return real(descriptor, mode);
}
int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  AT_TWO("rename", AT_FDCWD, from, AT_FDCWD, to);
  return real(from, to);
}
int renameat(int folder, const char *from, int folder2, const char *to) {
  REAL(int, "renameat", int, const char *, int, const char *);
  AT_TWO("rename", folder, from, folder2, to);
  return real(folder, from, folder2, to);
}
int renameat2(int folder, const char *from, int folder2, const char *to, unsigned int flags) {
  REAL(int, "renameat2", int, const char *, int, const char *, unsigned int);
  AT_TWO("rename", folder, from, folder2, to);
  return real(folder, from, folder2, to, flags);
}
int link(const char *from, const char *to) {
  REAL(int, "link", const char *, const char *);
  AT_TWO("link", AT_FDCWD, from, AT_FDCWD, to);
  return real(from, to);
}
int linkat(int folder, const char *from, int folder2, const char *to, int flags) {
  REAL(int, "linkat", int, const char *, int, const char *, int);
  AT_TWO("link", folder, from, folder2, to);
  return real(folder, from, folder2, to, flags);
}
int symlink(const char *target, const char *name) {
  REAL(int, "symlink", const char *, const char *);
  AT_TWO("symlink", AT_FDCWD, target, AT_FDCWD, name);
  return real(target, name);
}
int symlinkat(const char *target, int folder, const char *name) {
  REAL(int, "symlinkat", const char *, int, const char *);
  AT_TWO("symlink", AT_FDCWD, target, folder, name);
  return real(target, folder, name);
}
int mkdir(const char *name, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  AT_PATH("mkdir", AT_FDCWD, name);
  return real(name, mode);
}
int mkdirat(int folder, const char *name, mode_t mode) {
  REAL(int, "mkdirat", int, const char *, mode_t);
  AT_PATH("mkdir", folder, name);
  return real(folder, name, mode);
}
int unlink(const char *name) {
  REAL(int, "unlink", const char *);
  AT_PATH("unlink", AT_FDCWD, name);
  return real(name);
}
int unlinkat(int folder, const char *name, int flags) {
  REAL(int, "unlinkat", int, const char *, int);
  AT_PATH(flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, name);
  return real(folder, name, flags);
}
int rmdir(const char *name) {
  REAL(int, "rmdir", const char *);
  AT_PATH("rmdir", AT_FDCWD, name);
  return real(name);
}
