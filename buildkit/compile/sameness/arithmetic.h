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
/* Whether a value is a small whole number, which is then written to `to`. */
static CYTHON_INLINE int buildkit_small_number(PyObject *value, long *to) {
#if CYTHON_USE_PYLONG_INTERNALS
  if (PyLong_CheckExact(value) && __Pyx_PyLong_IsCompact(value)) {
    *to = (long)__Pyx_PyLong_CompactValue(value);
    return 1;
  }
#else
  (void)value; (void)to;
#endif
  return 0;
}
/* Whether a value counts as true: of whole numbers too it is known without a call. */
static int buildkit_truth(PyObject *value) {
#if CYTHON_USE_PYLONG_INTERNALS
  if (likely(PyLong_CheckExact(value))) return !__Pyx_PyLong_IsZero(value);
#endif
  return PyObject_IsTrue(value);
}
static CYTHON_INLINE int buildkit_is_true(PyObject *value) {
  int is_true = value == Py_True;
  return is_true | (value == Py_False) | (value == Py_None) ? is_true : buildkit_truth(value);
}
#define __Pyx_PyObject_IsTrue(value) buildkit_is_true(value)
/* Nearly each line lets go of something: not by a call. The compiler takes that for too much of a good thing in a long file;
   from Python 3.12 on it is told so by Python's own header. */
#if PY_VERSION_HEX < 0x030C0000 && CYTHON_COMPILING_IN_CPYTHON && !defined(Py_REF_DEBUG) \
  && defined(__GNUC__) && !defined(__TINYC__) && defined(__OPTIMIZE__)
#if PY_VERSION_HEX >= 0x030B0000
static inline __attribute__((always_inline)) void (Py_DECREF)(PyObject *object);
#else
static inline __attribute__((always_inline)) void _Py_DECREF(PyObject *object);
#endif
#endif
