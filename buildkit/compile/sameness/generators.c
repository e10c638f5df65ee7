#ifdef __Pyx_Generator_USED
/* Whether `yield from` may go through it, which a generator may not through a coroutine. */
static int buildkit_may_delegate(PyObject *source) {
  if (likely(!PyCoro_CheckExact(source))) return 1;
  PyErr_SetString(PyExc_TypeError, "cannot 'yield from' a coroutine object in a non-coroutine generator");
  return 0;
}

/* An error that is thrown into a generator comes up while that one is handled at which it pauses. */
static void buildkit_chain_thrown(__pyx_CoroutineObject *generator) {
  PyObject *handled = generator->gi_exc_state.exc_value, *kind, *value, *traceback;
  if (!handled || handled == Py_None) return;
  PyErr_Fetch(&kind, &value, &traceback);
  PyErr_NormalizeException(&kind, &value, &traceback);
  PyErr_SetObject(kind, value);  /* which sets the context */
  Py_XDECREF(kind);
  Py_XDECREF(value);
  if (traceback) {
    PyObject *none;
    PyErr_Fetch(&kind, &value, &none);
    Py_XDECREF(none);
    PyErr_Restore(kind, value, traceback);
  }
}

#if BUILDKIT_FRAMES
#define BUILDKIT_DELEGATES 2

static PyObject *buildkit_with_frame(__pyx_CoroutineObject *generator, buildkit_own_frames *own) {
  if (generator) generator->gi_modulename = (PyObject *)buildkit_take_frame(own);
  return (PyObject *)generator;
}

static void buildkit_end_generator(__pyx_CoroutineObject *generator) {
  buildkit_frame *frame = BUILDKIT_FRAME_OF(generator);
  generator->gi_modulename = NULL;
  if (frame) buildkit_give_frame(frame);
}

/* It goes on, and what it goes through is asked first. */
static void buildkit_delegate(__pyx_CoroutineObject *generator) {
  if (!BUILDKIT_IS_FRAME(BUILDKIT_FRAME_OF(generator))) return;
  buildkit_link(__Pyx_PyThreadState_Current, BUILDKIT_FRAME_OF(generator));
  generator->is_running = BUILDKIT_DELEGATES;
}

static CYTHON_INLINE void buildkit_pause_generator(__pyx_CoroutineObject *generator) {
  buildkit_frame *frame = BUILDKIT_FRAME_OF(generator);
  if (generator->is_running == BUILDKIT_DELEGATES) buildkit_unlink(__Pyx_PyThreadState_Current, frame, BUILDKIT_PREVIOUS(frame));
}

static CYTHON_INLINE PyObject *buildkit_run_generator(__pyx_CoroutineObject *generator, PyThreadState *state, PyThreadState *thread, PyObject *sent) {
  buildkit_frame *frame = BUILDKIT_FRAME_OF(generator), *previous;
  PyObject *result;
  if (unlikely(generator->is_running == BUILDKIT_DELEGATES || !BUILDKIT_IS_FRAME(frame))) return generator->body(generator, state, sent);
  previous = buildkit_link(thread, frame);
  result = generator->body(generator, state, sent);
  buildkit_unlink(thread, frame, previous);
  return result;
}
#endif

static PyObject *buildkit_resume(__pyx_CoroutineObject *generator, PyThreadState *state, PyObject *sent) {
  PyObject *result = NULL;
  PyThreadState *thread;
  if (unlikely(generator->resume_label == 0 && sent && sent != Py_None)) {
    PyErr_SetString(PyExc_TypeError, "can't send non-None value to a just-started generator");
    return NULL;
  }
  if (unlikely(!sent)) buildkit_chain_thrown(generator);
  if (likely(thread = buildkit_enter())) {
    result = buildkit_run_generator(generator, state, thread, sent);
    buildkit_leave(thread);
    if (unlikely(!result) && PyErr_ExceptionMatches(PyExc_StopIteration)) buildkit_replace_stop();
  } else {
    generator->resume_label = -1;
    __Pyx_Coroutine_clear((PyObject *)generator);
  }
  return result;
}

static PyObject *buildkit_yields_from(PyObject *generator, void *unused) {
  __pyx_CoroutineObject *self = (__pyx_CoroutineObject *)generator;
  PyObject *found = self->yieldfrom && !self->is_running ? self->yieldfrom : Py_None;
  (void)unused;
  Py_INCREF(found);
  return found;
}

/* In which line it is. */
static int buildkit_line_of_generator(__pyx_CoroutineObject *generator) {
  PyCodeObject *code = (PyCodeObject *)generator->gi_code;
#if BUILDKIT_FRAMES
  buildkit_frame *frame = BUILDKIT_FRAME_OF(generator);
  if (frame && BUILDKIT_IS_FRAME(frame) && generator->resume_label != 0) {
#if PY_VERSION_HEX >= 0x030B0000
    return PyCode_Addr2Line(code, (int)((char *)frame->instruction - (char *)code->co_code_adaptive));
#else
    return frame->f_lineno;
#endif
  }
#endif
  return code->co_firstlineno;
}

/* Let its `gi_frame` say where it is: a new reference to that. */
static PyObject *buildkit_generator_frame(__pyx_CoroutineObject *generator, PyObject *frame) {
  PyObject *globals = buildkit_globals, *empty;
  int line = buildkit_line_of_generator(generator);
  if (!frame) {
#if BUILDKIT_FRAMES
    if (BUILDKIT_FRAME_OF(generator) && BUILDKIT_IS_FRAME(BUILDKIT_FRAME_OF(generator))) globals = BUILDKIT_GLOBALS(BUILDKIT_FRAME_OF(generator));
#endif
    empty = buildkit_code_in((PyCodeObject *)generator->gi_code, line);
    if (!empty) return NULL;
    frame = (PyObject *)PyFrame_New(PyThreadState_Get(), (PyCodeObject *)empty, globals, NULL);
    Py_DECREF(empty);
    if (!frame) return NULL;
  } else Py_INCREF(frame);
  buildkit_set_line(frame, line);
#if PY_VERSION_HEX < 0x030B0000
  if (generator->resume_label > 0) ((PyFrameObject *)frame)->f_lasti = 0;  /* `inspect` looks at it */
#endif
  return frame;
}

/* Make what is thrown the present exception: 1. 0 if it cannot be one, which is then said instead. */
static int buildkit_throw(PyObject *kind, PyObject *value, PyObject *traceback) {
  if (traceback == Py_None) traceback = NULL;
  if (traceback && !PyTraceBack_Check(traceback)) {
    PyErr_SetString(PyExc_TypeError, "throw() third argument must be a traceback object");
    return 0;
  }
  Py_INCREF(kind);
  Py_XINCREF(value);
  Py_XINCREF(traceback);
  if (PyExceptionClass_Check(kind)) {
    PyErr_NormalizeException(&kind, &value, &traceback);
  } else if (PyExceptionInstance_Check(kind)) {
    if (value && value != Py_None) {
      PyErr_SetString(PyExc_TypeError, "instance exception may not have a separate value");
      goto failed;
    }
    Py_XDECREF(value);
    value = kind;
    kind = PyExceptionInstance_Class(kind);
    Py_INCREF(kind);
    if (!traceback) traceback = PyException_GetTraceback(value);
  } else {
    PyErr_Format(PyExc_TypeError, "exceptions must be classes or instances deriving from BaseException, not %s", Py_TYPE(kind)->tp_name);
    goto failed;
  }
  PyErr_Restore(kind, value, traceback);
  return 1;
failed:
  Py_DECREF(kind);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
  return 0;
}

static PyObject *buildkit_is_suspended(PyObject *generator, void *unused) {
  __pyx_CoroutineObject *self = (__pyx_CoroutineObject *)generator;
  (void)unused;
  return PyBool_FromLong(self->resume_label > 0 && !self->is_running);
}

static PyObject *buildkit_generator_class(PyObject *generator, void *unused) {
  (void)generator; (void)unused;
  Py_INCREF(&PyGen_Type);
  return (PyObject *)&PyGen_Type;
}

static PyObject *buildkit_generator_repr(PyObject *generator) {
  return PyUnicode_FromFormat("<generator object %S at %p>", ((__pyx_CoroutineObject *)generator)->gi_qualname, generator);
}

/* Let errors and `type(x).__module__` say of a type what they say of Python's. */
static int buildkit_name_type(PyTypeObject *type, PyTypeObject *like) {
  PyObject *module = PyUnicode_FromString("builtins");
  int result = module ? PyDict_SetItemString(type->tp_dict, "__module__", module) : -1;
  Py_XDECREF(module);
  type->tp_name = like->tp_name;
  PyType_Modified(type);
  return result;
}
#endif
