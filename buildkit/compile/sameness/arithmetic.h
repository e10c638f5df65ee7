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
/* The same with a number that stands in the text: the compiler sees it, and makes no division of `x % 3`. */
#define BUILDKIT_WITH_NUMBER(Name, reckoned, of_float) \
static CYTHON_INLINE PyObject *buildkit_##Name##_number(PyObject *a, PyObject *b, long number, int in_place, int unused) { \
  (void)unused; \
  if (CYTHON_USE_PYLONG_INTERNALS && likely(PyLong_CheckExact(a) && buildkit_are_small(a, a))) { \
    long long value = BUILDKIT_SMALL(a), with = number; \
    return PyLong_FromLongLong(reckoned); \
  } \
  of_float \
  return in_place ? PyNumber_InPlace##Name(a, b) : PyNumber_##Name(a, b); \
}
#define BUILDKIT_OF_FLOAT(operator) \
  if (PyFloat_CheckExact(a)) return PyFloat_FromDouble(PyFloat_AS_DOUBLE(a) operator (double)number);
#define BUILDKIT_SIGN_DIFFERS (value % with != 0 && (value < 0) != (with < 0))
BUILDKIT_WITH_NUMBER(Add, value + with, BUILDKIT_OF_FLOAT(+))
BUILDKIT_WITH_NUMBER(Subtract, value - with, BUILDKIT_OF_FLOAT(-))
BUILDKIT_WITH_NUMBER(Multiply, value * with, BUILDKIT_OF_FLOAT(*))
BUILDKIT_WITH_NUMBER(Remainder, value % with + (BUILDKIT_SIGN_DIFFERS ? with : 0), )
BUILDKIT_WITH_NUMBER(FloorDivide, value / with - BUILDKIT_SIGN_DIFFERS, )
BUILDKIT_WITH_NUMBER(And, value & with, )
/* Which of two is more, where only that is asked. */
#define BUILDKIT_COMPARE(Name, sign, operator) \
static CYTHON_INLINE int buildkit_is_##Name(PyObject *a, PyObject *b, int unused) { \
  (void)unused; \
  if (likely(PyLong_CheckExact(a))) { \
    if (CYTHON_USE_PYLONG_INTERNALS && likely(PyLong_CheckExact(b) && buildkit_are_small(a, b))) return BUILDKIT_SMALL(a) operator BUILDKIT_SMALL(b); \
  } \
  else if (PyFloat_CheckExact(a) && PyFloat_CheckExact(b)) return PyFloat_AS_DOUBLE(a) operator PyFloat_AS_DOUBLE(b); \
  return PyObject_RichCompareBool(a, b, sign); \
}
BUILDKIT_COMPARE(Lt, Py_LT, <)
BUILDKIT_COMPARE(Le, Py_LE, <=)
BUILDKIT_COMPARE(Gt, Py_GT, >)
BUILDKIT_COMPARE(Ge, Py_GE, >=)
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
/* What is asked of a remainder: see remainders.py. */
static CYTHON_INLINE int buildkit_is_small_number(PyObject *value) {
  return CYTHON_USE_PYLONG_INTERNALS && likely(PyLong_CheckExact(value) && buildkit_are_small(value, value));
}
static CYTHON_INLINE long long buildkit_remainder(long long value, long by) {
  value %= by;
  return value < 0 ? value + by : value;
}
static int buildkit_ask_remainder(PyObject *value, PyObject *by, PyObject *expected, int sign) {
  PyObject *remainder = PyNumber_Remainder(value, by);
  int asked = !remainder ? -1 : expected ? PyObject_RichCompareBool(remainder, expected, sign) : PyObject_IsTrue(remainder);
  Py_XDECREF(remainder);
  return asked;
}
static CYTHON_INLINE int buildkit_has_remainder(PyObject *value, PyObject *by, long number) {
  if (buildkit_is_small_number(value)) return BUILDKIT_SMALL(value) % number != 0;
  return buildkit_ask_remainder(value, by, NULL, 0);
}
static CYTHON_INLINE int buildkit_remains(PyObject *value, PyObject *by, long number, PyObject *expected, long is, int is_other) {
  if (buildkit_is_small_number(value)) return (buildkit_remainder(BUILDKIT_SMALL(value), number) == is) != is_other;
  return buildkit_ask_remainder(value, by, expected, is_other ? Py_NE : Py_EQ);
}
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
