#if BUILDKIT_FRAMES
/* `buildkit_let_go`: the end of a call of whose frame somebody has an object, or its names: whether the frame may be used
   again. It is no frame of the thread any more: what is let go of here may run anything. */
#if PY_VERSION_HEX < 0x030B0000
static int buildkit_may_have_frames;
static int buildkit_has_frames(void) { return buildkit_may_have_frames; }

/* Of which function a frame is. It has no blocks, so this stands where these would be. */
static buildkit_own_frames *buildkit_owner(buildkit_frame *frame) {
  buildkit_own_frames *own;
  memcpy(&own, frame->f_blockstack, sizeof(own));
  return own;
}

static buildkit_frame *buildkit_new_frame(buildkit_own_frames *own) {
  PyFrameObject *frame;
  if (!own->code) return NULL;
  frame = PyFrame_New(PyThreadState_Get(), (PyCodeObject *)own->code, buildkit_globals, NULL);
  if (!frame) {
    PyErr_Clear();
    return NULL;
  }
  Py_XDECREF(frame->f_back);
  frame->f_back = own->unused;  /* to make one may run anything, calls of this function too */
  memcpy(frame->f_blockstack, &own, sizeof(own));
  frame->f_state = FRAME_EXECUTING;
  frame->f_lasti = 0;
  frame->f_lineno = ((PyCodeObject *)own->code)->co_firstlineno;
  return frame;
}

#define buildkit_free_frame(frame) Py_DECREF(frame)
static int buildkit_let_go(buildkit_frame *frame) {
  frame->f_state = FRAME_RETURNED;
  Py_DECREF(frame);
  return 0;
}

static void buildkit_prepare_frames(buildkit_function *row, PyCodeObject *code) {
  if (buildkit_may_have_frames) row->frames.code = (PyObject *)code;
}

static void buildkit_begin_frames(PyObject *code) {
  (void)code;
  buildkit_may_have_frames = 1;  /* their layout is public */
}
#else
/* How a frame object begins; the frame that it owns ends it. */
typedef struct { PyObject_HEAD PyFrameObject *back; buildkit_frame *frame; } buildkit_frame_object;
#define BUILDKIT_OWN_FRAME(object) \
  ((buildkit_frame *)((char *)(object) + PyFrame_Type.tp_basicsize - (Py_ssize_t)sizeof(buildkit_frame)))
#define BUILDKIT_CODE_START(code) ((char *)(code)->co_code_adaptive)
#define BUILDKIT_NAMES(frame) ((PyObject **)((frame) + 1))
#if PY_VERSION_HEX >= 0x030E0000
#define BUILDKIT_NO_VALUE ((PyObject *)1)
#define BUILDKIT_BORROWED(object) ((PyObject *)((uintptr_t)(object) | 1))
#define BUILDKIT_PLAIN(object) ((PyObject *)((uintptr_t)(object) & ~(uintptr_t)3))
#define BUILDKIT_IS_BORROWED(object) ((uintptr_t)(object) & 1)
#else
#define BUILDKIT_NO_VALUE NULL
#define BUILDKIT_BORROWED(object) (object)
#define BUILDKIT_PLAIN(object) (object)
#define BUILDKIT_IS_BORROWED(object) 0
#endif
#define BUILDKIT_PLACES(code) ((code)->co_nlocalsplus + (code)->co_stacksize)
#define BUILDKIT_HAS_CELL(code, at) ((at) < (code)->co_nlocalsplus && PyBytes_AS_STRING((code)->co_localspluskinds)[at] & 0xC0)
#define BUILDKIT_OF_A_THREAD 0
#define BUILDKIT_OF_A_GENERATOR 1
#define BUILDKIT_OF_AN_OBJECT 2
#define buildkit_owner(frame) (((buildkit_own_frames **)(frame))[-1])  /* of which function it is */
static PyObject *buildkit_stand_in;  /* the function that frames name as theirs: NULL where there are no frames */
static PyObject *buildkit_empty;     /* a cell, where there is no memory for another one */
static int buildkit_has_frames(void) { return buildkit_stand_in != NULL; }

/* Leave a frame without values: C has them. Whoever asks for `f_locals` or writes into it finds these places; under a name
   that functions share the interpreter takes what it finds for a cell, so there is one, which is empty. Behind the names is
   what a tracer that jumps finds on the frame's own stack. */
static void buildkit_forget_names(buildkit_frame *frame, PyCodeObject *code) {
  int count = BUILDKIT_PLACES(code);
  for (int at = 0; at < count; at++) {
    PyObject *cell = BUILDKIT_NO_VALUE;
    if (BUILDKIT_HAS_CELL(code, at) && !(cell = PyCell_New(NULL))) {
      PyErr_Clear();
      Py_INCREF(cell = buildkit_empty);
    }
    BUILDKIT_NAMES(frame)[at] = cell;
  }
#if PY_VERSION_HEX >= 0x030E0000
  frame->top = BUILDKIT_NAMES(frame) + count;
#else
  frame->top = count;
#endif
}

/* One more frame of a function; NULL if it has none. */
static buildkit_frame *buildkit_new_frame(buildkit_own_frames *own) {
  PyCodeObject *code = (PyCodeObject *)own->code;
  PyFunctionObject *function = (PyFunctionObject *)buildkit_stand_in;
  buildkit_own_frames **place;
  buildkit_frame *frame;
  if (!code) return NULL;
  place = (buildkit_own_frames **)PyMem_Malloc(sizeof(own) + sizeof(buildkit_frame) + (size_t)BUILDKIT_PLACES(code) * sizeof(PyObject *));
  if (!place) return NULL;
  *place = own;
  frame = (buildkit_frame *)(place + 1);
  memset(frame, 0, sizeof(*frame));
  frame->code = BUILDKIT_BORROWED(own->code);
  frame->function = BUILDKIT_BORROWED(buildkit_stand_in);
  frame->globals = function->func_globals;
  frame->builtins = function->func_builtins;
  frame->instruction = BUILDKIT_CODE_START(code) + 2 * code->_co_firsttraceable;
  frame->owner = BUILDKIT_OF_A_THREAD;
  frame->previous = own->unused;
  buildkit_forget_names(frame, code);
  return frame;
}

static void buildkit_clear_names(buildkit_frame *frame, PyCodeObject *code) {
  for (int at = 0; at < BUILDKIT_PLACES(code); at++) {
    PyObject *each = BUILDKIT_NAMES(frame)[at];
    if (each != BUILDKIT_NO_VALUE && !BUILDKIT_IS_BORROWED(each)) Py_DECREF(BUILDKIT_PLAIN(each));
  }
}

static void buildkit_free_frame(buildkit_frame *frame) {
  buildkit_clear_names(frame, (PyCodeObject *)BUILDKIT_PLAIN(frame->code));
  PyMem_Free((buildkit_own_frames **)frame - 1);
}

/* What an object that lives longer than the call has of it: a new reference. */
static PyObject *buildkit_to_keep(PyObject *of) {
  PyObject *object = BUILDKIT_PLAIN(of);
#if PY_VERSION_HEX >= 0x030E0000
  if (_Py_IsImmortal(object)) return BUILDKIT_BORROWED(object);
#endif
  Py_INCREF(object);
  return object;
}

/* Let the frame object, which somebody has, have the frame, as the interpreter does. */
static void buildkit_hand_over(PyFrameObject *object, buildkit_frame *frame, PyCodeObject *code) {
  buildkit_frame_object *to = (buildkit_frame_object *)object;
  buildkit_frame *own = BUILDKIT_OWN_FRAME(object);
  to->back = PyFrame_GetBack(object);
  if (!to->back) PyErr_Clear();  /* nobody, or no memory for it */
  memcpy(own, frame, sizeof(*own) + (size_t)BUILDKIT_PLACES(code) * sizeof(PyObject *));
#if PY_VERSION_HEX >= 0x030E0000
  own->top = BUILDKIT_NAMES(own) + ((PyObject **)frame->top - BUILDKIT_NAMES(frame));
#endif
  own->previous = NULL;
  own->owner = BUILDKIT_OF_AN_OBJECT;
  own->code = buildkit_to_keep(frame->code);
  own->function = buildkit_to_keep(frame->function);
  to->frame = own;
  if (!PyObject_GC_IsTracked((PyObject *)object)) PyObject_GC_Track((PyObject *)object);
}

static int buildkit_let_go(buildkit_frame *frame) {
  PyCodeObject *code = (PyCodeObject *)BUILDKIT_PLAIN(frame->code);
  PyFrameObject *object = (PyFrameObject *)frame->object;
  PyObject *locals = frame->locals, *kind, *value, *traceback;
  PyErr_Fetch(&kind, &value, &traceback);
  frame->object = NULL;
  if (object && Py_REFCNT(object) > 1) {
    buildkit_hand_over(object, frame, code);
    frame->locals = locals = NULL;
    buildkit_forget_names(frame, code);  /* the object has what was there */
  } else {
    buildkit_clear_names(frame, code);
    frame->locals = NULL;
    buildkit_forget_names(frame, code);
  }
  Py_XDECREF((PyObject *)object);
  Py_XDECREF(locals);
  PyErr_Restore(kind, value, traceback);
  return 1;
}

/* Find the instruction with which each of these lines of a code begins, whose columns were left out. */
static void buildkit_find_lines(PyCodeObject *code, const int *numbers, void **found, int count) {
  const unsigned char *from = (const unsigned char *)PyBytes_AS_STRING(code->co_linetable);
  const unsigned char *end = from + PyBytes_GET_SIZE(code->co_linetable);
  int now = code->co_firstlineno, last = -1, at = 0, place = 0, first = 2 * code->_co_firsttraceable;
  while (from < end) {
    int length = (*from & 7) + 1, has_line = ((*from >> 3) & 15) != 15;
    from++;
    if (has_line) {
      unsigned int delta = buildkit_read_number(&from);
      now += delta & 1 ? -(int)(delta >> 1) : (int)(delta >> 1);
      for (int tried = now == last ? count : 0; at >= first && tried < count; tried++, place = place + 1 < count ? place + 1 : 0)
        if (numbers[place] == now) {  /* mostly the next one */
          if (!found[place]) found[place] = BUILDKIT_CODE_START(code) + at;
          break;
        }
      if (at >= first) last = now;
    }
    at += length * 2;
  }
}

/* Make ready what the frames of a function need, whose code is known now. */
static void buildkit_prepare_frames(buildkit_function *row, PyCodeObject *code) {
  void *start = BUILDKIT_CODE_START(code) + 2 * code->_co_firsttraceable;
  if (!buildkit_stand_in) return;
  row->frames.code = (PyObject *)code;
  buildkit_find_lines(code, buildkit_line_numbers + row->first_line, buildkit_lines + row->first_line, row->lines);
  for (int at = row->first_line; at < row->first_line + row->lines; at++)
    if (!buildkit_lines[at]) buildkit_lines[at] = start;
}

/* Whether the interpreter's frames look as stack.h says: that of who imports this module. */
static int buildkit_frames_look_known(PyThreadState *state, PyFrameObject *caller) {
  buildkit_frame *frame = BUILDKIT_CURRENT(state);
  PyObject *globals, *builtins;
  PyCodeObject *code;
  int is_known;
  if (!frame || PyFrame_Type.tp_basicsize < (Py_ssize_t)(sizeof(buildkit_frame_object) + sizeof(buildkit_frame))
    || PyFrame_Type.tp_itemsize != (Py_ssize_t)sizeof(PyObject *)
    || ((buildkit_frame_object *)caller)->frame != frame || frame->object != (PyObject *)caller) return 0;
  code = PyFrame_GetCode(caller);
  globals = PyFrame_GetGlobals(caller);
  builtins = PyFrame_GetBuiltins(caller);
  is_known = BUILDKIT_PLAIN(frame->code) == (PyObject *)code && frame->globals == globals && frame->builtins == builtins
    && (frame->owner == BUILDKIT_OF_A_THREAD || frame->owner == BUILDKIT_OF_A_GENERATOR)
    && (char *)frame->instruction - BUILDKIT_CODE_START(code) == PyFrame_GetLasti(caller)
    && PyObject_TypeCheck(BUILDKIT_PLAIN(frame->function), &PyFunction_Type);
  Py_DECREF(code); Py_DECREF(globals); Py_DECREF(builtins);
  return is_known;
}

static int buildkit_is_frame(PyFrameObject *object, PyObject *code, PyFrameObject *caller) {
  PyCodeObject *has = PyFrame_GetCode(object);
  PyFrameObject *back = PyFrame_GetBack(object);
  int is_so = (PyObject *)has == code && back == caller
    && PyFrame_GetLineNumber(object) == PyCode_Addr2Line(has, 2 * has->_co_firsttraceable);
  Py_XDECREF(back);
  Py_DECREF(has);
  return is_so;
}

/* Whether a frame of ours is taken for one by the interpreter, while it runs and when it has ended. */
static int buildkit_frames_work(PyThreadState *state, PyFrameObject *caller, PyObject *code) {
  buildkit_own_frames own = BUILDKIT_NO_FRAMES;
  buildkit_frame *frame, *previous;
  PyFrameObject *object;
  int work;
  own.code = code;
  frame = buildkit_push(state, &own, &previous);
  if (!BUILDKIT_IS_FRAME(frame)) return 0;
  object = PyThreadState_GetFrame(state);
  work = object && object != caller && frame->object == (PyObject *)object && buildkit_is_frame(object, code, caller);
  buildkit_pop(state, &own, frame, previous);
  work = work && ((buildkit_frame_object *)object)->frame == BUILDKIT_OWN_FRAME(object) && buildkit_is_frame(object, code, caller);
  Py_XDECREF(object);
  buildkit_free_frame(frame);
  return work;
}

/* Have frames from now on if they fit; the code is that of the module's body. */
static void buildkit_begin_frames(PyObject *code) {
  PyThreadState *state = PyThreadState_Get();
  PyFrameObject *caller = PyThreadState_GetFrame(state);
  if (!caller) return;
  if (buildkit_frames_look_known(state, caller)) {
    buildkit_empty = PyCell_New(NULL);
    buildkit_stand_in = buildkit_empty ? PyFunction_New(code, buildkit_globals) : NULL;
    if (!buildkit_stand_in) PyErr_Clear();
    else if (!buildkit_frames_work(state, caller, code)) Py_CLEAR(buildkit_stand_in);
  }
  Py_DECREF(caller);
}
#endif

#define BUILDKIT_MOST_SPARE 256  /* of a function: there may once have been many generators at a time */

static buildkit_frame *buildkit_take_frame(buildkit_own_frames *own) {
  buildkit_frame *frame = own->unused;
  if (frame) own->spare--;
  else if (!(frame = buildkit_new_frame(own))) return &buildkit_nowhere;
  own->unused = BUILDKIT_PREVIOUS(frame);
  BUILDKIT_PREVIOUS(frame) = NULL;
  return frame;
}

static void buildkit_give_frame(buildkit_frame *frame) {
  buildkit_own_frames *own;
  if (!BUILDKIT_IS_FRAME(frame)) return;
  own = buildkit_owner(frame);
  if (BUILDKIT_IS_KEPT(frame) && !buildkit_let_go(frame)) return;
  if (own->spare >= BUILDKIT_MOST_SPARE) {
    buildkit_free_frame(frame);
    return;
  }
  own->spare++;
  BUILDKIT_PREVIOUS(frame) = own->unused;
  own->unused = frame;
}

#else
#define buildkit_prepare_frames(row, code) ((void)0)
#define buildkit_begin_frames(code) ((void)0)
#endif
