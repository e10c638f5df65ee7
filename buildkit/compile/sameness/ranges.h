static PyObject *buildkit_begin_range(PyObject *first, PyObject *stop, PyObject *step, long *now, long *by, long *count);
#define buildkit_next_of_range(iterator) Py_TYPE(iterator)->tp_iternext(iterator)
