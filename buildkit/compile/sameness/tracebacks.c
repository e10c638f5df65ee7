/* What tracebacks show of a function that runs as C: a frame that never ran, for each line that an error left. */
static PyObject *buildkit_tracebacks; /* the frames that tracebacks show, by function and line */

/* A table that gives each instruction of a code the same line, and no columns. */
static PyObject *buildkit_line_table(PyCodeObject *code, int first, int line) {
  PyObject *bytes, *table = NULL;
  Py_ssize_t size, at = 0;
  char *to;
  int delta = line - first;
  bytes = PyObject_GetAttrString((PyObject *)code, "co_code");
  if (!bytes) return NULL;
  size = PyBytes_GET_SIZE(bytes);
  Py_DECREF(bytes);
#if PY_VERSION_HEX >= 0x030B0000
  table = PyBytes_FromStringAndSize(NULL, size / 8 + 32);
  if (!table) return NULL;
  to = PyBytes_AS_STRING(table);
  for (Py_ssize_t left = size / 2; left > 0; left -= 8) {
    unsigned int value = delta < 0 ? ((unsigned int)-delta << 1) | 1 : (unsigned int)delta << 1;
    to[at++] = (char)(0xE8 | ((left > 8 ? 8 : left) - 1));
    while (value >= 64) { to[at++] = (char)(64 | (value & 63)); value >>= 6; }
    to[at++] = (char)value;
    delta = 0;
  }
#else
  table = PyBytes_FromStringAndSize(NULL, (size / 254 + (delta < 0 ? -delta : delta) / 127 + 4) * 2);
  if (!table) return NULL;
  to = PyBytes_AS_STRING(table);
  while (delta > 127 || delta < -127) {
    int step = delta > 0 ? 127 : -127;
    to[at++] = 0; to[at++] = (char)step;
    delta -= step;
  }
  for (; size > 0; size -= 254) { to[at++] = (char)(size > 254 ? 254 : size); to[at++] = (char)delta; delta = 0; }
#endif
  if (_PyBytes_Resize(&table, at) < 0) return NULL;
  return table;
}

/* A code that has what a traceback shows of a function, all of it in this line: a new reference. It has no variables:
   who asks a frame that never ran for them must not look for the cells of its function. */
static PyObject *buildkit_code_in(PyCodeObject *code, int line) {
  PyObject *found = NULL, *table = NULL, *replace = NULL, *nothing = NULL, *changes = NULL;
  const char *file = PyUnicode_AsUTF8(code->co_filename), *name = PyUnicode_AsUTF8(code->co_name);
  PyCodeObject *empty = file && name ? PyCode_NewEmpty(file, name, code->co_firstlineno) : NULL;
  table = empty ? buildkit_line_table(empty, empty->co_firstlineno, line) : NULL;
  replace = table ? PyObject_GetAttrString((PyObject *)empty, "replace") : NULL;
  nothing = replace ? PyTuple_New(0) : NULL;
  changes = nothing ? PyDict_New() : NULL;
  if (changes && PyDict_SetItemString(changes, "co_linetable", table) == 0
#if PY_VERSION_HEX >= 0x030B0000
      && PyDict_SetItemString(changes, "co_qualname", code->co_qualname) == 0
#endif
  ) found = PyObject_Call(replace, nothing, changes);
  Py_XDECREF((PyObject *)empty); Py_XDECREF(table); Py_XDECREF(replace); Py_XDECREF(nothing); Py_XDECREF(changes);
  return found;
}

static void buildkit_set_line(PyObject *frame, int line) {
#if PY_VERSION_HEX >= 0x030B0000
  struct { PyObject_HEAD void *back, *data, *trace; int line; } *start = (void *)frame;  /* how a frame begins */
  start->line = line;
#else
  ((PyFrameObject *)frame)->f_lineno = line;
#endif
}

/* A frame of this code that never runs and is in this line: a new reference. */
static PyObject *buildkit_frame_in(PyObject *code, int line) {
  PyObject *made = (PyObject *)PyFrame_New(PyThreadState_Get(), (PyCodeObject *)code, buildkit_globals, NULL);
  if (made) buildkit_set_line(made, line);
  return made;
}

static PyCodeObject *buildkit_code_of(Py_ssize_t number) {
  return (PyCodeObject *)(number < buildkit_function_count ? buildkit_functions[number].code : buildkit_codes[number]);
}

/* Whether a frame can have the code of a function itself, which libraries compare with those that they know. */
static int buildkit_shows_itself(Py_ssize_t number) {
  return number < buildkit_function_count && PyCode_GetNumFree(buildkit_code_of(number)) == 0;
}

#if PY_VERSION_HEX >= 0x030B0000
static unsigned int buildkit_read_number(const unsigned char **at) {
  unsigned int value = **at & 63, shift = 0;
  while (*(*at)++ & 64) value |= (**at & 63u) << (shift += 6);
  return value;
}

/* Leave the columns out of a code's table of lines: nobody knows which instruction of a line the C stands for. */
static int buildkit_forget_columns(PyCodeObject *code) {
  Py_ssize_t size = PyBytes_GET_SIZE(code->co_linetable);
  const unsigned char *from = (const unsigned char *)PyBytes_AS_STRING(code->co_linetable), *end = from + size;
  PyObject *table = PyBytes_FromStringAndSize(NULL, size), *old = code->co_linetable;
  unsigned char *to = table ? (unsigned char *)PyBytes_AS_STRING(table) : NULL, *start = to;
  if (!table) return -1;
  while (from < end) {
    unsigned int kind = (*from >> 3) & 15, length = *from++ & 7, delta = 0;
    if (kind < 10) from += 1;
    else if (kind < 13) { from += 2; delta = (kind - 10) << 1; }
    else if (kind < 15) delta = buildkit_read_number(&from);
    if (kind == 14) for (int each = 0; each < 3; each++) buildkit_read_number(&from);
    *to++ = (unsigned char)((kind == 15 ? 0xF8 : 0xE8) | length);
    if (kind == 15) continue;
    while (delta >= 64) { *to++ = (unsigned char)(64 | (delta & 63)); delta >>= 6; }
    *to++ = (unsigned char)delta;
  }
  if (_PyBytes_Resize(&table, to - start) < 0) return -1;
  code->co_linetable = table;
  Py_DECREF(old);
  return 0;
}

/* Where the first instruction of this line is in a code whose columns were left out; 0 if it has none. */
static int buildkit_instruction_in(PyCodeObject *code, int line) {
  const unsigned char *from = (const unsigned char *)PyBytes_AS_STRING(code->co_linetable);
  const unsigned char *end = from + PyBytes_GET_SIZE(code->co_linetable);
  int now = code->co_firstlineno, at = 0;
  while (from < end) {
    int length = (*from & 7) + 1, has_line = ((*from >> 3) & 15) != 15;
    from++;
    if (has_line) {
      unsigned int delta = buildkit_read_number(&from);
      now += delta & 1 ? -(int)(delta >> 1) : (int)(delta >> 1);
      if (now == line) return at;
    }
    at += length * 2;
  }
  return 0;
}
#else
#define buildkit_instruction_in(code, line) 0
#endif

static int buildkit_shown_instruction(Py_ssize_t number, int line) {
  return buildkit_shows_itself(number) ? buildkit_instruction_in(buildkit_code_of(number), line) : 0;
}

/* The frame that tracebacks show for a line of a function: made once, since it never runs. A borrowed reference. */
static PyObject *buildkit_shown_frame(Py_ssize_t number, int line) {
  PyObject *key, *found, *made, *code;
  if (!buildkit_tracebacks && !(buildkit_tracebacks = PyDict_New())) return NULL;
  key = PyLong_FromLongLong(((long long)number << 32) | (unsigned int)line);
  if (!key) return NULL;
  found = PyDict_GetItemWithError(buildkit_tracebacks, key);
  if (!found && !PyErr_Occurred()) {
    if (buildkit_shows_itself(number)) Py_INCREF(code = (PyObject *)buildkit_code_of(number));
    else code = buildkit_code_in(buildkit_code_of(number), line);
    if (code) found = buildkit_frame_in(code, line);
    Py_XDECREF(code);
    made = found;
    found = made ? PyDict_SetDefault(buildkit_tracebacks, key, made) : NULL;  /* that of another thread stays */
    Py_XDECREF(made);
  }
  Py_DECREF(key);
  return found;
}

/* Whether the present exception has a traceback already, as one that is raised again. */
static int buildkit_is_raised_again(void) {
  PyObject *type, *value, *traceback;
  int has;
  PyErr_Fetch(&type, &value, &traceback);
  has = traceback != NULL;
  PyErr_Restore(type, value, traceback);
  return has;
}

/* Put a function and its line in front of the traceback of the present exception. */
static void buildkit_add_step(Py_ssize_t number, int line) {
  static struct { Py_ssize_t number; int line, instruction; PyObject *frame; } last[16];
  PyObject *type, *value, *next, *frame;
  PyTracebackObject *traceback;
  int at, instruction;
  PyErr_Fetch(&type, &value, &next);
  at = (int)((number * 31 + line) & 15);
#ifdef Py_GIL_DISABLED
  frame = buildkit_shown_frame(number, line);
  instruction = buildkit_shown_instruction(number, line);
#else
  if (last[at].line != line || last[at].number != number) {
    frame = buildkit_shown_frame(number, line);
    last[at].line = frame ? line : 0;
    last[at].number = number;
    last[at].frame = frame;
    last[at].instruction = buildkit_shown_instruction(number, line);
  }
  frame = last[at].frame;
  instruction = last[at].instruction;
#endif
  traceback = frame ? PyObject_GC_New(PyTracebackObject, &PyTraceBack_Type) : NULL;
  if (traceback) {
    Py_INCREF(frame);
    traceback->tb_next = (PyTracebackObject *)next;
    traceback->tb_frame = (PyFrameObject *)frame;
    traceback->tb_lasti = instruction;
    traceback->tb_lineno = line;
    PyObject_GC_Track((PyObject *)traceback);
    next = (PyObject *)traceback;
  }
  PyErr_Clear();
  PyErr_Restore(type, value, next);
}

/* The function is told by the number at the end of its name in C. */
static void buildkit_add_traceback(const char *name, int line) {
  Py_ssize_t number = 0;
  if (line == 0) return;  /* an error that was raised again: the line of the first time stands there */
  for (name = strrchr(name, '_') + 1; *name; name++) number = number * 10 + (*name - '0');
  buildkit_add_step(number, line);
}

/* An error that is StopIteration is another one outside the generator, of which it is the cause. */
static void buildkit_replace_stop(void) {
  PyObject *kind, *value, *traceback, *error;
  PyErr_Fetch(&kind, &value, &traceback);
  PyErr_NormalizeException(&kind, &value, &traceback);
  if (traceback) PyException_SetTraceback(value, traceback);
  Py_XDECREF(kind);
  Py_XDECREF(traceback);
  error = PyObject_CallFunction(PyExc_RuntimeError, "s", "generator raised StopIteration");
  if (!error) { Py_DECREF(value); return; }
  Py_INCREF(value);
  PyException_SetCause(error, value);
  PyException_SetContext(error, value);
  Py_INCREF(PyExc_RuntimeError);
  PyErr_Restore(PyExc_RuntimeError, error, NULL);  /* to set it would make what is handled its context */
}

/* What the present error says, which is none then: a new reference. */
static PyObject *buildkit_words_of_error(void) {
  PyObject *kind, *value, *traceback, *words;
  PyErr_Fetch(&kind, &value, &traceback);
  PyErr_NormalizeException(&kind, &value, &traceback);
  words = PyObject_Str(value);
  Py_XDECREF(kind); Py_XDECREF(value); Py_XDECREF(traceback);
  return words;
}

/* To a generator expression a name of its function is a free variable, to the loop that it became one of its own. */
static void buildkit_reword_free(PyCodeObject *code) {
  PyObject *names, *kind, *value, *traceback, *words, *name = NULL;
  if (PyErr_Occurred() != PyExc_UnboundLocalError || buildkit_is_raised_again()) return;
  PyErr_Fetch(&kind, &value, &traceback);
  PyErr_NormalizeException(&kind, &value, &traceback);
  names = PyObject_GetAttrString((PyObject *)code, "co_freevars");
  words = PyObject_Str(value);
  for (Py_ssize_t at = 0; words && names && !name && at < PyTuple_GET_SIZE(names); at++) {
    PyObject *expected;
    buildkit_unbound_own(PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, at)));
    expected = buildkit_words_of_error();
    if (expected && PyUnicode_Compare(words, expected) == 0) name = PyTuple_GET_ITEM(names, at);
    Py_XDECREF(expected);
  }
  if (name) {
    Py_XDECREF(kind); Py_XDECREF(value); Py_XDECREF(traceback);
    buildkit_unbound_free(PyUnicode_AsUTF8(name));
  } else PyErr_Restore(kind, value, traceback);
  Py_XDECREF(names); Py_XDECREF(words);
}

/* An error leaves a generator expression that is a loop. */
static void buildkit_leave_generator(Py_ssize_t number, int line) {
  buildkit_reword_free(buildkit_code_of(number));
  if (line != 0) buildkit_add_step(number, line);
  if (PyErr_ExceptionMatches(PyExc_StopIteration)) buildkit_replace_stop();
}
