#define BUILDKIT_MOST_OF_SUM (1LL << 60)
static int buildkit_add_to_result(PyObject **result, PyObject *item);
static int buildkit_end_sum(long long so_far, PyObject **result);
/* Add a whole number: in C as long as both are small. */
static CYTHON_INLINE int buildkit_add_to_sum(long long *so_far, PyObject **result, PyObject *item) {
#if CYTHON_USE_PYLONG_INTERNALS
  if (likely(PyLong_CheckExact(item) && __Pyx_PyLong_IsCompact(item) && *so_far < BUILDKIT_MOST_OF_SUM && *so_far > -BUILDKIT_MOST_OF_SUM)) {
    *so_far += (long long)__Pyx_PyLong_CompactValue(item);
    return 0;
  }
#endif
  return buildkit_add_to_result(result, item);
}
