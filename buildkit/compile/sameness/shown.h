/* A name that a function shows, and whether C has a cell of it. */
typedef struct { const char *name; int is_cell; } buildkit_shown;
static int buildkit_asks(PyObject *called);
#if BUILDKIT_FRAMES
static PyObject *buildkit_call_shown(buildkit_frame *frame, PyObject *called, PyObject *given, PyObject *named, const buildkit_shown *names, PyObject **values);
#else  /* never: the function stays Python */
#define buildkit_call_shown(frame, called, given, named, names, values) PyObject_Call(called, given, named)
#endif
