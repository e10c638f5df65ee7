#include <stdint.h>
static PyObject *buildkit_builtins(void);
static void buildkit_look_at_builtins(uint64_t version);
static int buildkit_watch_builtins(void);
static const char *const buildkit_used[];
static uint64_t buildkit_seen;              /* the version of the builtins that were looked at */
static uint64_t buildkit_replaced = ~(uint64_t)0;  /* which of those that are used are others, by their place in the list */
#if PY_VERSION_HEX >= 0x030E0000
static uint64_t *buildkit_changes;          /* how often the builtins were changed, counted for all modules together */
#define buildkit_version() (*buildkit_changes)
#else
static PyObject *buildkit_watched;
#define buildkit_version() buildkit_version_of(buildkit_watched)
/* A dictionary gets another one at each change; none is 0. */
static CYTHON_INLINE uint64_t buildkit_version_of(PyObject *dictionary) {
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
  return ((PyDictObject *)dictionary)->ma_version_tag;
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
}
#endif
/* Whether all of these are the interpreter's own. */
static CYTHON_INLINE int buildkit_are_builtins(uint64_t used) {
  uint64_t version = buildkit_version();
  if (unlikely(version != buildkit_seen)) buildkit_look_at_builtins(version);
  return likely(!(buildkit_replaced & used));
}
