static int buildkit_unpack_any(PyObject *value, PyObject **items, Py_ssize_t before, Py_ssize_t after);
/* Give `items` the items of a value, as new references: so many before the one with the star, which gets a list, and
   after it (-1: there is none with a star). */
static CYTHON_INLINE int buildkit_unpack(PyObject *value, PyObject **items, Py_ssize_t before, Py_ssize_t after) {
  if (likely(after < 0 && PyTuple_CheckExact(value) && PyTuple_GET_SIZE(value) == before)) {
    for (Py_ssize_t at = 0; at < before; at++) { items[at] = PyTuple_GET_ITEM(value, at); Py_INCREF(items[at]); }
    return 0;
  }
  return buildkit_unpack_any(value, items, before, after);
}
