/* Whether a value is an operand of a chain of floats, which is then written to `to`: see floats.py. */
#if (defined(__x86_64__) || defined(_M_X64)) && !defined(__FMA__) && !defined(__FMA4__) && !defined(__FAST_MATH__)
#define BUILDKIT_ROUNDS_EACH 1
#else
#define BUILDKIT_ROUNDS_EACH 0  /* the compiler may make one operation of two, with another result */
#endif
static CYTHON_INLINE int buildkit_is_float(PyObject *value, double *to) {
  if (!BUILDKIT_ROUNDS_EACH || !value || !PyFloat_CheckExact(value)) return 0;
  *to = PyFloat_AS_DOUBLE(value);
  return 1;
}
static CYTHON_INLINE int buildkit_is_number(PyObject *value, double *to) {
#if CYTHON_USE_PYLONG_INTERNALS
  if (BUILDKIT_ROUNDS_EACH && value && PyLong_CheckExact(value) && __Pyx_PyLong_IsCompact(value)) {
    *to = (double)__Pyx_PyLong_CompactValue(value);
    return 1;
  }
#endif
  return buildkit_is_float(value, to);
}
/* A float with this value: a new reference, to the old value of the name that gets it if nobody else has that. */
static CYTHON_INLINE PyObject *buildkit_float(double value, PyObject *old) {
#if BUILDKIT_ALONE
  if (old && PyFloat_CheckExact(old) && Py_REFCNT(old) == 1) {
    ((PyFloatObject *)old)->ob_fval = value;
    Py_INCREF(old);
    return old;
  }
#else
  (void)old;
#endif
  return PyFloat_FromDouble(value);
}
