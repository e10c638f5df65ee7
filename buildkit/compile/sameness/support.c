#include <frameobject.h>
#include <marshal.h>
#include "buildkit_body.h"

static void buildkit_release(PyObject **bound, Py_ssize_t total) {
  for (Py_ssize_t at = 0; at < total; at++) Py_XDECREF(bound[at]);
}

static PyObject *buildkit_rest(PyObject *const *args, size_t nargsf, Py_ssize_t named) {
  Py_ssize_t count = PyVectorcall_NARGS(nargsf) - named;
  PyObject *rest = PyTuple_New(count);
  for (Py_ssize_t at = 0; rest && at < count; at++) { Py_INCREF(args[named + at]); PyTuple_SET_ITEM(rest, at, args[named + at]); }
  return rest;
}

/* What a dictionary has under a key: a new reference; NULL if nothing, or with an error. */
static PyObject *buildkit_item(PyObject *dictionary, PyObject *key) {
  PyObject *found;
#if PY_VERSION_HEX >= 0x030D0000
  (void)PyDict_GetItemRef(dictionary, key, &found);
#else
  found = PyDict_GetItemWithError(dictionary, key);
  Py_XINCREF(found);
#endif
  return found;
}

/* Which parameter has this name; -1 if none that may be given by name. */
static Py_ssize_t buildkit_place(buildkit_function *row, PyObject *name) {
  Py_ssize_t count = row->by_position + row->by_keyword;
  for (Py_ssize_t at = row->only_by_position; at < count; at++)
    if (PyTuple_GET_ITEM(row->names, at) == name) return at;
  for (Py_ssize_t at = row->only_by_position; at < count; at++) {
    int same = PyObject_RichCompareBool(PyTuple_GET_ITEM(row->names, at), name, Py_EQ);
    if (same < 0) return -2;
    if (same) return at;
  }
  return -1;
}

/* Give each parameter its value, as a new reference. 1: done; 0: Python shall do the call, or say what is wrong with it; -1: an error. */
static int buildkit_bind(buildkit_function *row, PyObject *function, PyObject *const *args, size_t nargsf, PyObject *names, PyObject **bound, Py_ssize_t total) {
  Py_ssize_t given = PyVectorcall_NARGS(nargsf), named = names ? PyTuple_GET_SIZE(names) : 0;
  Py_ssize_t position = row->by_position, plain = position + row->by_keyword;
  PyObject *rest = NULL;
  if (PyFunction_GET_CODE(function) != row->code) return 0;
  if (given > position && !row->star) return 0;
  for (Py_ssize_t at = 0; at < total; at++) bound[at] = NULL;
  for (Py_ssize_t at = 0; at < given && at < position; at++) { Py_INCREF(args[at]); bound[at] = args[at]; }
  if (row->star) {
    Py_ssize_t more = given > position ? given - position : 0;
    PyObject *star = PyTuple_New(more);
    if (!star) goto failed;
    for (Py_ssize_t at = 0; at < more; at++) { Py_INCREF(args[position + at]); PyTuple_SET_ITEM(star, at, args[position + at]); }
    bound[plain] = star;
  }
  if (row->star_star) {
    rest = PyDict_New();
    if (!rest) goto failed;
    bound[plain + row->star] = rest;
  }
  for (Py_ssize_t at = 0; at < named; at++) {
    PyObject *name = PyTuple_GET_ITEM(names, at);
    Py_ssize_t place = buildkit_place(row, name);
    if (place == -2) goto failed;
    if (place < 0) {
      if (!rest) goto python;
      if (PyDict_SetItem(rest, name, args[given + at]) < 0) goto failed;
      continue;
    }
    if (bound[place]) goto python;
    Py_INCREF(args[given + at]);
    bound[place] = args[given + at];
  }
  if (given < position) {
    PyObject *defaults = PyFunction_GET_DEFAULTS(function);
    Py_ssize_t first = position - (defaults ? PyTuple_GET_SIZE(defaults) : 0);
    for (Py_ssize_t at = given; at < position; at++) {
      if (bound[at]) continue;
      if (at < first) goto python;
      bound[at] = PyTuple_GET_ITEM(defaults, at - first);
      Py_INCREF(bound[at]);
    }
  }
  for (Py_ssize_t at = position; at < plain; at++) {
    PyObject *defaults, *value;
    if (bound[at]) continue;
    defaults = PyFunction_GET_KW_DEFAULTS(function);
    if (!defaults) goto python;
    value = buildkit_item(defaults, PyTuple_GET_ITEM(row->names, at));
    if (!value) {
      if (PyErr_Occurred()) goto failed;
      goto python;
    }
    bound[at] = value;
  }
  return 1;
python:
  buildkit_release(bound, total);
  return 0;
failed:
  buildkit_release(bound, total);
  return -1;
}

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
/* Python 3.11 runs the bytecode of every object of the type `function` itself, so these have a type below it. */
static PyObject *buildkit_class(PyObject *self, void *unused) {
  (void)self; (void)unused;
  Py_INCREF(&PyFunction_Type);
  return (PyObject *)&PyFunction_Type;
}
static PyObject *buildkit_reduce(PyObject *self, PyObject *unused) {
  (void)unused;
  return PyObject_GetAttrString(self, "__qualname__");
}
static PyObject *buildkit_self(PyObject *self, PyObject *unused) {
  (void)unused;
  Py_INCREF(self);
  return self;
}
static PyGetSetDef buildkit_getters[] = {{"__class__", buildkit_class, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL}};
static PyMethodDef buildkit_methods[] = {
  {"__reduce_ex__", buildkit_reduce, METH_O, NULL},
  {"__deepcopy__", buildkit_self, METH_O, NULL},
  {"__copy__", buildkit_self, METH_NOARGS, NULL},
  {NULL, NULL, 0, NULL}};
static PyTypeObject buildkit_type = {PyVarObject_HEAD_INIT(NULL, 0) "function"};
/* Classes wrap these by themselves if they are of the type `function` itself. */
static int buildkit_is_wrapped(const char *name) {
  return !strcmp(name, "__new__") || !strcmp(name, "__init_subclass__") || !strcmp(name, "__class_getitem__");
}
/* `split` and `subgroup` of exception groups take nothing for a function but what is of the type `function` itself, so it
   is that for as long as they look. Whoever calls it meanwhile runs its bytecode. */
static PyCFunction buildkit_group_methods[2];
static PyObject *buildkit_call_group(int at, PyObject *self, PyObject *args) {
  PyObject *condition = PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : Py_None, *result;
  PyTypeObject *type = Py_TYPE(condition);
  if (type == &PyFunction_Type || !PyType_IsSubtype(type, &PyFunction_Type)) return buildkit_group_methods[at](self, args);
  Py_SET_TYPE(condition, &PyFunction_Type);
  result = buildkit_group_methods[at](self, args);
  Py_SET_TYPE(condition, type);
  return result;
}
static PyObject *buildkit_split(PyObject *self, PyObject *args) { return buildkit_call_group(0, self, args); }
static PyObject *buildkit_subgroup(PyObject *self, PyObject *args) { return buildkit_call_group(1, self, args); }
/* Put these in the places of Python's own, once in a process for the functions of all modules. */
static int buildkit_ready_groups(void) {
  static const char *const names[] = {"split", "subgroup"};
  PyObject *kept = PyInterpreterState_GetDict(PyInterpreterState_Get());
  if (!kept || PyDict_GetItemString(kept, "buildkit.groups")) return 0;
  for (int at = 0; at < 2; at++) {
    PyObject *method = PyObject_GetAttrString(PyExc_BaseExceptionGroup, names[at]);
    if (!method) return -1;
    if (Py_IS_TYPE(method, &PyMethodDescr_Type) && ((PyMethodDescrObject *)method)->d_method->ml_flags == METH_VARARGS) {
      PyMethodDef *definition = ((PyMethodDescrObject *)method)->d_method;
      buildkit_group_methods[at] = definition->ml_meth;
      definition->ml_meth = at ? buildkit_subgroup : buildkit_split;
    }
    Py_DECREF(method);
  }
  return PyDict_SetItemString(kept, "buildkit.groups", Py_True);
}
static int buildkit_ready(void) {
  if (buildkit_type.tp_base) return 0;
  if (buildkit_ready_groups() < 0) return -1;
  buildkit_type.tp_base = &PyFunction_Type;
  buildkit_type.tp_basicsize = PyFunction_Type.tp_basicsize;
  buildkit_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_VECTORCALL;
  buildkit_type.tp_vectorcall_offset = PyFunction_Type.tp_vectorcall_offset;
  buildkit_type.tp_call = PyFunction_Type.tp_call;
  buildkit_type.tp_traverse = PyFunction_Type.tp_traverse;
  buildkit_type.tp_clear = PyFunction_Type.tp_clear;
  buildkit_type.tp_descr_get = PyFunction_Type.tp_descr_get;
  buildkit_type.tp_getset = buildkit_getters;
  buildkit_type.tp_methods = buildkit_methods;
  if (PyType_Ready(&buildkit_type) < 0 || PyDict_DelItemString(buildkit_type.tp_dict, "__doc__") < 0) return -1;
  PyType_Modified(&buildkit_type);  /* the documentation is the function's */
  return 0;
}
static void buildkit_redirect(PyObject *function, vectorcallfunc entry) {
  ((PyFunctionObject *)function)->vectorcall = entry;
  Py_SET_TYPE(function, &buildkit_type);
}
#else
#define buildkit_ready() 0
#define buildkit_is_wrapped(name) 0
static void buildkit_redirect(PyObject *function, vectorcallfunc entry) {
#if PY_VERSION_HEX >= 0x030C0000
  PyFunction_SetVectorcall((PyFunctionObject *)function, entry);
#else
  ((PyFunctionObject *)function)->vectorcall = entry;
#endif
}
#endif

/* Whether a code has this name, and takes these names from around it. */
static int buildkit_is_code(PyObject *code, const char *expected, const char *cells) {
  PyObject *name, *free, *comma, *joined;
  int same;
  if (!PyCode_Check(code)) return 0;
  name = PyUnicode_FromString(expected);
  if (!name) return 0;
  same = PyUnicode_Compare(((PyCodeObject *)code)->co_name, name) == 0;
  Py_DECREF(name);
  if (!same) return 0;
  free = PyObject_GetAttrString(code, "co_freevars");
  comma = PyUnicode_FromString(",");
  joined = free && comma ? PyUnicode_Join(comma, free) : NULL;
  name = PyUnicode_FromString(cells);
  same = joined && name && PyUnicode_Compare(joined, name) == 0;
  Py_XDECREF(free); Py_XDECREF(comma); Py_XDECREF(joined); Py_XDECREF(name);
  return same;
}

/* Whether the code is of the function that was compiled, and those of what it makes are the ones that it expects. */
static int buildkit_is_same(PyObject *code, buildkit_function *row) {
  PyObject *constants = ((PyCodeObject *)code)->co_consts;
  if (!buildkit_is_code(code, row->name, row->free)) return 0;
  for (const buildkit_code *each = row->made; each && each->name; each++) {
    Py_ssize_t place = buildkit_body_places[each->number];
    if (place < 0 || place >= PyTuple_GET_SIZE(constants)) return 0;
    if (!buildkit_is_code(PyTuple_GET_ITEM(constants, place), each->name, each->free)) return 0;
#if PY_VERSION_HEX >= 0x030E0000
    if (each->is_annotated) return 0;  /* the function that evaluates them is not made here */
#endif
  }
  for (const buildkit_code *each = row->made; each && each->name; each++)
    buildkit_codes[each->number] = PyTuple_GET_ITEM(constants, buildkit_body_places[each->number]);
  return 1;
}

/* Let the calls of a function run the C from now on, if it was compiled. */
static void buildkit_take_over(Py_ssize_t at, PyObject *function) {
  buildkit_function *row;
  if (at < 0 || at >= buildkit_function_count) return;  /* Python made one more, in a function that stays Python */
  row = &buildkit_functions[at];
  if (row->code && Py_IS_TYPE(function, &PyFunction_Type) && PyFunction_GET_CODE(function) == row->code) {
    buildkit_redirect(function, row->entry);  /* made again, as functions in others are */
    return;
  }
  if (!row->entry || !PyFunction_Check(function) || buildkit_is_wrapped(row->name)) return;
  if (row->asks && !buildkit_has_frames()) return;
  if (!buildkit_in_python) buildkit_in_python = ((PyFunctionObject *)function)->vectorcall;
  if (!row->code) {
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    PyObject *names = PyObject_GetAttrString((PyObject *)code, "co_varnames");
    if (!names || !buildkit_is_same((PyObject *)code, row)) {
      PyErr_Clear();
      Py_XDECREF(names);
      return;
    }
    row->names = names;
    row->by_position = code->co_argcount;
    row->only_by_position = code->co_posonlyargcount;
    row->by_keyword = code->co_kwonlyargcount;
    row->star = (code->co_flags & CO_VARARGS) != 0;
    row->star_star = (code->co_flags & CO_VARKEYWORDS) != 0;
    if (buildkit_forget_columns(code) < 0) PyErr_Clear();
    else buildkit_prepare_frames(row, code);
    Py_INCREF(code);
    row->code = (PyObject *)code;
  }
  if (PyFunction_GET_CODE(function) == row->code) buildkit_redirect(function, row->entry);
}
