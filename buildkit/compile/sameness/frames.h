static PyObject *buildkit_call_framed(PyObject *called, PyObject **given, Py_ssize_t count, int number, int line);
static PyObject *buildkit_call_framed_tuple(PyObject *called, PyObject *given, PyObject *named, int number, int line);
