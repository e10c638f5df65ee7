/* The next function of an iterator. That of a class of Python's own may change while a loop goes on. */
static PyObject *buildkit_next(PyObject *iterator);
#undef __Pyx_PyObject_GetIterNextFunc
#define __Pyx_PyObject_GetIterNextFunc(iterator) \
  ((Py_TYPE(iterator)->tp_flags & (Py_TPFLAGS_HEAPTYPE | Py_TPFLAGS_IMMUTABLETYPE)) == Py_TPFLAGS_HEAPTYPE ? buildkit_next : Py_TYPE(iterator)->tp_iternext)
static void buildkit_no_name(PyObject *name);
static void buildkit_set_name(PyObject *name);
