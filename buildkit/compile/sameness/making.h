static void buildkit_unbound_free(const char *name);
static void buildkit_unbound_own(const char *name);
static void buildkit_unbound_super(const char *name);
static CYTHON_INLINE PyObject *buildkit_in_cell(PyObject *cell, const char *name, void (*unbound)(const char *)) {
#ifdef Py_GIL_DISABLED
  PyObject *value = PyCell_Get(cell);
#else
  PyObject *value = PyCell_GET(cell);
  Py_XINCREF(value);
#endif
  if (unlikely(!value)) unbound(name);
  return value;
}
#define buildkit_free_variable(cell, name) buildkit_in_cell(cell, name, buildkit_unbound_free)
#define buildkit_own_variable(cell, name) buildkit_in_cell(cell, name, buildkit_unbound_own)
#define buildkit_super_variable(cell, name) buildkit_in_cell(cell, name, buildkit_unbound_super)
static CYTHON_INLINE void buildkit_set_cell(PyObject *cell, PyObject *value) {
#ifdef Py_GIL_DISABLED
  PyCell_Set(cell, value);
#else
  PyObject *old = PyCell_GET(cell);
  Py_XINCREF(value);
  PyCell_SET(cell, value);
  Py_XDECREF(old);
#endif
}
static int buildkit_delete_free(PyObject *cell, const char *name);
static int buildkit_delete_own(PyObject *cell, const char *name);
static PyObject *buildkit_make_function(int number, const char *qualified, PyObject **cells, Py_ssize_t count);
static PyObject *buildkit_made_function(PyObject *function, int number, PyObject *defaults, PyObject *keywords, PyObject *annotations, int has_texts);
static PyObject *buildkit_made_generator(PyObject *function, PyObject *iterable);
static PyObject *buildkit_made_class(PyObject *function, PyObject *bases, PyObject *keywords);
#if BUILDKIT_ALONE && PY_VERSION_HEX < 0x030E0000
#define BUILDKIT_COPIES 1
typedef struct { PyFunctionObject *function; uint64_t version; } buildkit_pattern;
#else
#define BUILDKIT_COPIES 0
typedef struct { int unused; } buildkit_pattern;
#endif
static buildkit_pattern buildkit_patterns[];  /* of each code, as the module's globals were when it was last looked at */
