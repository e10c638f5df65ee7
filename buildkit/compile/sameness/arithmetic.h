/* Two whole numbers or two floats are reckoned without a search for who knows how; all else is Python's to do. */
#define BUILDKIT_OPERATION(Name, slot) \
static CYTHON_INLINE PyObject *buildkit_PyNumber_##Name(PyObject *a, PyObject *b) { \
  if (likely(PyLong_CheckExact(a) && PyLong_CheckExact(b))) return PyLong_Type.tp_as_number->slot(a, b); \
  return PyNumber_##Name(a, b); \
} \
static CYTHON_INLINE PyObject *buildkit_PyNumber_InPlace##Name(PyObject *a, PyObject *b) { \
  if (likely(PyLong_CheckExact(a) && PyLong_CheckExact(b))) return PyLong_Type.tp_as_number->slot(a, b); \
  return PyNumber_InPlace##Name(a, b); \
}
#define BUILDKIT_OPERATION_OF_FLOATS(Name, slot, operator) \
static CYTHON_INLINE PyObject *buildkit_PyNumber_##Name(PyObject *a, PyObject *b) { \
  if (likely(PyLong_CheckExact(a))) { if (likely(PyLong_CheckExact(b))) return PyLong_Type.tp_as_number->slot(a, b); } \
  else if (PyFloat_CheckExact(a) && PyFloat_CheckExact(b)) return PyFloat_FromDouble(PyFloat_AS_DOUBLE(a) operator PyFloat_AS_DOUBLE(b)); \
  return PyNumber_##Name(a, b); \
} \
static CYTHON_INLINE PyObject *buildkit_PyNumber_InPlace##Name(PyObject *a, PyObject *b) { \
  if (likely(PyLong_CheckExact(a))) { if (likely(PyLong_CheckExact(b))) return PyLong_Type.tp_as_number->slot(a, b); } \
  else if (PyFloat_CheckExact(a) && PyFloat_CheckExact(b)) return PyFloat_FromDouble(PyFloat_AS_DOUBLE(a) operator PyFloat_AS_DOUBLE(b)); \
  return PyNumber_InPlace##Name(a, b); \
}
BUILDKIT_OPERATION_OF_FLOATS(Add, nb_add, +)
BUILDKIT_OPERATION_OF_FLOATS(Subtract, nb_subtract, -)
BUILDKIT_OPERATION_OF_FLOATS(Multiply, nb_multiply, *)
BUILDKIT_OPERATION(And, nb_and)
BUILDKIT_OPERATION(Or, nb_or)
BUILDKIT_OPERATION(Xor, nb_xor)
