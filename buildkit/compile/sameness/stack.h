/* A frame of the interpreter for each call that runs as C: see stack.py.
   From Python 3.11 on the layout is that of the interpreter's `_PyInterpreterFrame`, one for each minor version. Its own
   header is not used: not every installation has it, it needs what small compilers lack, and nothing would notice a build
   whose frames look otherwise. This one is held against a live frame when the module starts (`buildkit_begin_frames`).
   Where one thing is not as it should be, and in a Python that is not known here, there are no frames, and those calls
   that need one have it made (frames.c). */
#if CYTHON_COMPILING_IN_CPYTHON && PY_VERSION_HEX < 0x030F0000 \
  && !defined(Py_GIL_DISABLED) && !defined(Py_DEBUG) && !defined(Py_TRACE_REFS) && !defined(BUILDKIT_WITHOUT_FRAMES)
#define BUILDKIT_FRAMES 1
#if PY_VERSION_HEX >= 0x030B0000
typedef struct buildkit_frame {
#if PY_VERSION_HEX >= 0x030C0000
  PyObject *code;  /* from Python 3.14 on this and the function have a mark in the last bit if they are borrowed */
  struct buildkit_frame *previous;
  PyObject *function, *globals, *builtins, *locals, *object;
  void *instruction;
#if PY_VERSION_HEX >= 0x030E0000
  void *top;
  unsigned short offset;
  char owner;
  unsigned char visited;
#else
  int top;
  unsigned short offset;
  char owner;
#endif
#else
  PyObject *function, *globals, *builtins, *locals, *code, *object;
  struct buildkit_frame *previous;
  void *instruction;
  int top;
  char is_entry, owner;
#endif
} buildkit_frame;  /* behind it stand the values of the function's names */
#if PY_VERSION_HEX >= 0x030D0000
#define BUILDKIT_CURRENT(state) (*(buildkit_frame **)&(state)->current_frame)
#define BUILDKIT_IS_KEPT(frame) ((frame)->object != NULL)
#else
#define BUILDKIT_CURRENT(state) (*(buildkit_frame **)&(state)->cframe->current_frame)
#define BUILDKIT_IS_KEPT(frame) ((frame)->object || (frame)->locals)
#endif
#define BUILDKIT_PREVIOUS(frame) ((frame)->previous)
#define BUILDKIT_IS_FRAME(frame) ((frame)->code != NULL)
#define BUILDKIT_GLOBALS(frame) ((frame)->globals)
#define buildkit_at(frame, place, line) ((frame)->instruction = buildkit_lines[place])
#else
#include <frameobject.h>
typedef PyFrameObject buildkit_frame;
#define BUILDKIT_CURRENT(state) ((state)->frame)
#define BUILDKIT_IS_KEPT(frame) (Py_REFCNT(frame) > 1 || (frame)->f_locals || (frame)->f_trace)
#define BUILDKIT_PREVIOUS(frame) ((frame)->f_back)
#define BUILDKIT_IS_FRAME(frame) ((frame)->f_code != NULL)
#define BUILDKIT_GLOBALS(frame) ((frame)->f_globals)
#define buildkit_at(frame, place, line) ((frame)->f_lineno = line)
#endif
/* The frames of a function. They are kept for its next calls: all that changes from one to the other is who called it, and
   the line. Not on the stack of C, since a greenlet that waits has its part of it copied away; nor on the data stack of the
   interpreter, where each would have to be written anew. */
typedef struct {
  buildkit_frame *unused;  /* the first of those that are in no call: the next one is its `previous` */
  PyObject *code;          /* NULL where there are no frames */
  int spare;               /* how many generators have given back */
} buildkit_own_frames;
#define BUILDKIT_NO_FRAMES {NULL, NULL, 0}
static buildkit_frame buildkit_nowhere;                  /* that of a call without one: it has no code */
static buildkit_frame *buildkit_now = &buildkit_nowhere; /* that of the function which is just about to run */
static const int buildkit_line_numbers[];                /* the lines to which functions come */
static void *buildkit_lines[];                           /* the instruction with which each of them begins */
static buildkit_frame *buildkit_new_frame(buildkit_own_frames *own);
static int buildkit_let_go(buildkit_frame *frame);
static int buildkit_has_frames(void);
#if defined(__GNUC__) && !defined(__TINYC__)
#define BUILDKIT_IN_ORDER() __asm__ __volatile__("" ::: "memory")  /* faulthandler looks at any time */
#else
#define BUILDKIT_IN_ORDER() ((void)0)
#endif
/* Put it on the thread's stack: who was there before, which a local keeps, since to read it from the frame takes time. */
static CYTHON_INLINE buildkit_frame *buildkit_link(PyThreadState *state, buildkit_frame *frame) {
  buildkit_frame *previous = BUILDKIT_CURRENT(state);
  BUILDKIT_PREVIOUS(frame) = previous;
#if PY_VERSION_HEX < 0x030B0000
  Py_XINCREF(previous);
#elif PY_VERSION_HEX >= 0x030E0000
  frame->visited = 0;
#endif
  BUILDKIT_IN_ORDER();
  BUILDKIT_CURRENT(state) = frame;
  return previous;
}
static CYTHON_INLINE buildkit_frame *buildkit_push(PyThreadState *state, buildkit_own_frames *own, buildkit_frame **previous) {
  buildkit_frame *frame = own->unused;
  if (unlikely(!frame) && !(frame = buildkit_new_frame(own))) return buildkit_now = &buildkit_nowhere;
  own->unused = BUILDKIT_PREVIOUS(frame);
  *previous = buildkit_link(state, frame);
  return buildkit_now = frame;
}
static CYTHON_INLINE void buildkit_pop(PyThreadState *state, buildkit_own_frames *own, buildkit_frame *frame, buildkit_frame *previous) {
  if (unlikely(frame == &buildkit_nowhere)) return;
  BUILDKIT_CURRENT(state) = previous;
  BUILDKIT_IN_ORDER();
  if (unlikely(BUILDKIT_IS_KEPT(frame)) && !buildkit_let_go(frame)) return;
  BUILDKIT_PREVIOUS(frame) = own->unused;
  own->unused = frame;
#if PY_VERSION_HEX < 0x030B0000
  Py_XDECREF(previous);
#endif
}
/* Take a frame for longer than a call, and give it back. */
static buildkit_frame *buildkit_take_frame(buildkit_own_frames *own);
static void buildkit_give_frame(buildkit_frame *frame);
/* Take it from the thread's stack until it goes on: meanwhile nobody has called it. */
static CYTHON_INLINE void buildkit_unlink(PyThreadState *state, buildkit_frame *frame, buildkit_frame *previous) {
  BUILDKIT_CURRENT(state) = previous;
  BUILDKIT_IN_ORDER();
#if PY_VERSION_HEX < 0x030B0000
  BUILDKIT_PREVIOUS(frame) = NULL;
  Py_XDECREF(previous);
#else
  if (likely(!BUILDKIT_IS_KEPT(frame))) return;
  BUILDKIT_PREVIOUS(frame) = NULL;
  buildkit_let_go(frame);
#endif
}
/* For a function that nobody can see. */
#define buildkit_push_none() (buildkit_now = &buildkit_nowhere)
/* From here to the end of the functions, each takes its frame at its start; see entries.py for the end. */
#undef __Pyx_RefNannyDeclarations
#define __Pyx_RefNannyDeclarations buildkit_frame *const buildkit_here CYTHON_UNUSED = buildkit_now;
#else
#define BUILDKIT_FRAMES 0
typedef struct { int unused; } buildkit_own_frames;
typedef void buildkit_frame;
#define BUILDKIT_NO_FRAMES {0}
#define buildkit_push(state, own, previous) NULL
#define buildkit_pop(state, own, frame, previous) ((void)(frame))
#define buildkit_push_none() ((void)0)
#define buildkit_at(frame, place, line) ((void)0)
#define BUILDKIT_IS_FRAME(frame) 0
#define buildkit_has_frames() 0
#endif
