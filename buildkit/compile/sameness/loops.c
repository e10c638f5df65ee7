#include <time.h>
#define BUILDKIT_MOST_ROUNDS 4096

/* How many rounds until the next pause: as many as about a millisecond takes, so that no loop waits long, be a round
   long or short. */
static int buildkit_next_rounds(void) {
  static int rounds = 64;
#ifdef CLOCK_MONOTONIC
  static struct timespec last;
  struct timespec now;
  long long passed;
  clock_gettime(CLOCK_MONOTONIC, &now);
  passed = (long long)(now.tv_sec - last.tv_sec) * 1000000000 + (now.tv_nsec - last.tv_nsec);
  last = now;
  if (passed > 2000000) rounds = rounds > 4 ? rounds / 4 : 1;
  else if (passed < 500000 && rounds < BUILDKIT_MOST_ROUNDS) rounds *= 2;
#endif
  return rounds;
}

/* Let the interpreter hand over its lock, serve signals, search for garbage: it does so wherever a function begins.
   Gives the rounds to the next time, -1 for an error. */
static int buildkit_pause(void) {
  int rounds = buildkit_next_rounds();
  static PyObject *nothing = NULL;
  PyObject *done, *kind, *value, *trace;
  if (unlikely(!nothing)) {
    PyObject *code = Py_CompileString("lambda: None", "<loop>", Py_eval_input);
    PyObject *globals = __pyx_mstate_global->__pyx_d;
    if (!code) return -1;
    nothing = PyEval_EvalCode(code, globals, globals);
    Py_DECREF(code);
    if (!nothing) return -1;
  }
#if PY_VERSION_HEX < 0x030B0000
  if (PyErr_CheckSignals() < 0) return -1;  /* or their handlers would be handed the frame of the function that does nothing */
#endif
  done = PyObject_CallObject(nothing, NULL);
  if (likely(done)) {
    Py_DECREF(done);
    return rounds;
  }
  PyErr_Fetch(&kind, &value, &trace);  /* the function that does nothing is not shown in the traceback */
  if (trace) {
    PyObject *next = (PyObject *)((PyTracebackObject *)trace)->tb_next;
    Py_XINCREF(next);
    Py_DECREF(trace);
    trace = next;
  }
  PyErr_NormalizeException(&kind, &value, NULL);
  if (value) PyException_SetTraceback(value, trace ? trace : Py_None);
  PyErr_Restore(kind, value, trace);
  return -1;
}
