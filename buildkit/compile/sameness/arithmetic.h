/* Two whole numbers or two floats are reckoned without a search for who knows how; all else is Python's to do. */
static CYTHON_INLINE int buildkit_are_small(PyObject *a, PyObject *b) {
#if CYTHON_USE_PYLONG_INTERNALS
  return __Pyx_PyLong_IsCompact(a) && __Pyx_PyLong_IsCompact(b);
#else
  (void)a; (void)b;
  return 0;
#endif
}
#if CYTHON_USE_PYLONG_INTERNALS
#define BUILDKIT_SMALL(a) (long long)__Pyx_PyLong_CompactValue(a)
#else
#define BUILDKIT_SMALL(a) 0LL
#endif
#define BUILDKIT_OF_INTEGERS(slot, operator) \
  (buildkit_are_small(a, b) ? PyLong_FromLongLong(BUILDKIT_SMALL(a) operator BUILDKIT_SMALL(b)) : PyLong_Type.tp_as_number->slot(a, b))
#define BUILDKIT_OPERATION_BY(Name, Kind, slot, operator) \
static CYTHON_INLINE PyObject *buildkit_PyNumber_##Kind##Name(PyObject *a, PyObject *b) { \
  if (likely(PyLong_CheckExact(a) && PyLong_CheckExact(b))) return BUILDKIT_OF_INTEGERS(slot, operator); \
  return PyNumber_##Kind##Name(a, b); \
}
#define BUILDKIT_OPERATION_OF_FLOATS_BY(Name, Kind, slot, operator) \
static CYTHON_INLINE PyObject *buildkit_PyNumber_##Kind##Name(PyObject *a, PyObject *b) { \
  if (likely(PyLong_CheckExact(a))) { if (likely(PyLong_CheckExact(b))) return BUILDKIT_OF_INTEGERS(slot, operator); } \
  else if (PyFloat_CheckExact(a) && PyFloat_CheckExact(b)) return PyFloat_FromDouble(PyFloat_AS_DOUBLE(a) operator PyFloat_AS_DOUBLE(b)); \
  return PyNumber_##Kind##Name(a, b); \
}
#define BUILDKIT_OPERATION(Name, slot, operator) \
  BUILDKIT_OPERATION_BY(Name, , slot, operator) BUILDKIT_OPERATION_BY(Name, InPlace, slot, operator)
#define BUILDKIT_OPERATION_OF_FLOATS(Name, slot, operator) \
  BUILDKIT_OPERATION_OF_FLOATS_BY(Name, , slot, operator) BUILDKIT_OPERATION_OF_FLOATS_BY(Name, InPlace, slot, operator)
BUILDKIT_OPERATION_OF_FLOATS(Add, nb_add, +)
BUILDKIT_OPERATION_OF_FLOATS(Subtract, nb_subtract, -)
BUILDKIT_OPERATION_OF_FLOATS(Multiply, nb_multiply, *)
BUILDKIT_OPERATION(And, nb_and, &)
BUILDKIT_OPERATION(Or, nb_or, |)
BUILDKIT_OPERATION(Xor, nb_xor, ^)
