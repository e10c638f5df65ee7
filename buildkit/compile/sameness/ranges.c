/* The start of a loop over a range, see ranges.py: where the numbers are small, these and how many there are; else the
   iterator, and -1 for the count. A new reference, which is None where there is no need for it. */
static PyObject *buildkit_begin_range(PyObject *first, PyObject *stop, PyObject *step, long *now, long *by, long *count) {
  long end = 0;
  PyObject *range, *iterator;
  *now = 0;
  *by = 1;
  *count = -1;
  if (likely((!first || buildkit_small_number(first, now)) && buildkit_small_number(stop, &end) &&
      (!step || (buildkit_small_number(step, by) && *by != 0)))) {
    if (*by > 0) *count = *now < end ? (long)(((unsigned long)end - (unsigned long)*now - 1) / (unsigned long)*by) + 1 : 0;
    else *count = *now > end ? (long)(((unsigned long)*now - (unsigned long)end - 1) / (0UL - (unsigned long)*by)) + 1 : 0;
    Py_INCREF(Py_None);
    return Py_None;
  }
  range = !first ? PyObject_CallFunctionObjArgs((PyObject *)&PyRange_Type, stop, NULL)
    : PyObject_CallFunctionObjArgs((PyObject *)&PyRange_Type, first, stop, step, NULL);
  if (!range) return NULL;
  iterator = PyObject_GetIter(range);
  Py_DECREF(range);
  return iterator;
}
