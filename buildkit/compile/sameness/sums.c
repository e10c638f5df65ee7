/* What `sum` has added, see sums.py. */
static int buildkit_add_to_result(PyObject **result, PyObject *item) {
  PyObject *sum = PyNumber_Add(*result, item);
  if (!sum) return -1;
  Py_DECREF(*result);
  *result = sum;
  return 0;
}

static int buildkit_end_sum(long long so_far, PyObject **result) {
  PyObject *rest = PyLong_FromLongLong(so_far);
  int done = rest ? buildkit_add_to_result(result, rest) : -1;
  Py_XDECREF(rest);
  return done;
}
