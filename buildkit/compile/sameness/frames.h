static PyObject *buildkit_call_framed(PyObject *called, PyObject **given, Py_ssize_t count, int number, int line);
static PyObject *buildkit_call_framed_tuple(PyObject *called, PyObject *given, PyObject *named, int number, int line);
/* A function that has a frame calls as any other. */
#define buildkit_call_seen(frame, called, given, count, number, line) (BUILDKIT_IS_FRAME(frame) \
  ? PyObject_Vectorcall(called, given, count, NULL) : buildkit_call_framed(called, given, count, number, line))
#define buildkit_call_seen_tuple(frame, called, given, named, number, line) (BUILDKIT_IS_FRAME(frame) \
  ? PyObject_Call(called, given, named) : buildkit_call_framed_tuple(called, given, named, number, line))
