static void buildkit_too_many(PyObject *value, Py_ssize_t expected) {
#if PY_VERSION_HEX >= 0x030E0000
  Py_ssize_t size = -1;
  if (PyList_CheckExact(value) || PyTuple_CheckExact(value) || PyDict_CheckExact(value)) size = PyObject_Size(value);
  if (size > expected) {
    PyErr_Format(PyExc_ValueError, "too many values to unpack (expected %zd, got %zd)", expected, size);
    return;
  }
#endif
  (void)value;
  PyErr_Format(PyExc_ValueError, "too many values to unpack (expected %zd)", expected);
}

static int buildkit_unpack_any(PyObject *value, PyObject **items, Py_ssize_t before, Py_ssize_t after) {
  Py_ssize_t have = 0, size;
  PyObject *iterator, *list;
  if (BUILDKIT_ALONE && after < 0 && PyList_CheckExact(value) && PyList_GET_SIZE(value) == before) {
    for (; have < before; have++) { items[have] = PyList_GET_ITEM(value, have); Py_INCREF(items[have]); }
    return 0;
  }
  iterator = PyObject_GetIter(value);
  if (!iterator) {
    if (PyErr_ExceptionMatches(PyExc_TypeError) && !Py_TYPE(value)->tp_iter && !PySequence_Check(value))
      PyErr_Format(PyExc_TypeError, "cannot unpack non-iterable %.200s object", Py_TYPE(value)->tp_name);
    return -1;
  }
  for (; have < before; have++) {
    items[have] = PyIter_Next(iterator);
    if (items[have]) continue;
    if (PyErr_Occurred()) goto failed;
    if (after < 0) PyErr_Format(PyExc_ValueError, "not enough values to unpack (expected %zd, got %zd)", before, have);
    else PyErr_Format(PyExc_ValueError, "not enough values to unpack (expected at least %zd, got %zd)", before + after, have);
    goto failed;
  }
  if (after < 0) {
    PyObject *more = PyIter_Next(iterator);
    if (more) { Py_DECREF(more); buildkit_too_many(value, before); }
    if (PyErr_Occurred()) goto failed;
    Py_DECREF(iterator);
    return 0;
  }
  list = PySequence_List(iterator);
  if (!list) goto failed;
  items[have++] = list;
  size = PyList_GET_SIZE(list);
  if (size < after) {
    PyErr_Format(PyExc_ValueError, "not enough values to unpack (expected at least %zd, got %zd)", before + after, before + size);
    goto failed;
  }
  for (Py_ssize_t at = size - after; at < size; at++) items[have++] = PyList_GET_ITEM(list, at);
  Py_SET_SIZE(list, size - after);  /* their references went to the items */
  Py_DECREF(iterator);
  return 0;
failed:
  while (have > 0) Py_DECREF(items[--have]);
  Py_DECREF(iterator);
  return -1;
}
