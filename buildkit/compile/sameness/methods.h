static PyObject *buildkit_quick_get(PyObject *name, PyObject **given, size_t count);
static PyObject *buildkit_quick_startswith(PyObject *name, PyObject **given, size_t count);
static PyObject *buildkit_quick_endswith(PyObject *name, PyObject **given, size_t count);
static PyObject *buildkit_quick_find(PyObject *name, PyObject **given, size_t count);
static PyObject *buildkit_quick_replace(PyObject *name, PyObject **given, size_t count);
static CYTHON_INLINE PyObject *buildkit_quick_append(PyObject *name, PyObject **given, size_t count) {
  (void)name; (void)count;
  if (unlikely(PyList_Append(given[0], given[1]) < 0)) return NULL;
  Py_INCREF(Py_None);
  return Py_None;
}
