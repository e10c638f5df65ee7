static PyObject *buildkit_next(PyObject *iterator) {
  iternextfunc next = Py_TYPE(iterator)->tp_iternext;
  if (likely(PyIter_Check(iterator))) return next(iterator);
  PyErr_Format(PyExc_TypeError, "'%.200s' object is not iterable", Py_TYPE(iterator)->tp_name);
  return NULL;
}

static void buildkit_no_name(PyObject *name) {
  PyObject *kind, *value, *traceback;
  PyErr_Format(PyExc_NameError, "name '%U' is not defined", name);
  PyErr_Fetch(&kind, &value, &traceback);
  PyErr_NormalizeException(&kind, &value, &traceback);
  if (value && PyErr_GivenExceptionMatches(kind, PyExc_NameError) && PyObject_SetAttrString(value, "name", name) < 0) PyErr_Clear();
  PyErr_Restore(kind, value, traceback);
}
