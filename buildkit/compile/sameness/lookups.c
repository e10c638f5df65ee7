static PyObject *buildkit_next(PyObject *iterator) {
  iternextfunc next = Py_TYPE(iterator)->tp_iternext;
  if (likely(PyIter_Check(iterator))) return next(iterator);
  PyErr_Format(PyExc_TypeError, "'%.200s' object is not iterable", Py_TYPE(iterator)->tp_name);
  return NULL;
}

/* Let the present NameError know the name, whose reference is taken. */
static void buildkit_set_name(PyObject *name) {
  PyObject *kind, *value, *traceback;
  PyErr_Fetch(&kind, &value, &traceback);
  PyErr_NormalizeException(&kind, &value, &traceback);
  if (name && value && PyErr_GivenExceptionMatches(kind, PyExc_NameError) && PyObject_SetAttrString(value, "name", name) < 0) PyErr_Clear();
  Py_XDECREF(name);
  PyErr_Restore(kind, value, traceback);
}

static void buildkit_no_name(PyObject *name) {
  PyErr_Format(PyExc_NameError, "name '%U' is not defined", name);
  Py_INCREF(name);
  buildkit_set_name(name);
}
