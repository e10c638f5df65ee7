/* Attributes that were found once are found at once, for as long as the class is the same.

   A class gets another tag whenever it or one above it changes, and no tag is given twice in a process. Objects of a class
   share the list of their names, which only grows. So the tag and the place in the list say where a value is. */
#ifdef BUILDKIT_NEVER
#include <limits.h>
#include <structmember.h>

/* How the list of names begins that the objects of a class share; its entries have a name and an unused word. */
typedef struct {
  Py_ssize_t references;
  unsigned char size, bytes, kind;
  unsigned int version;
  Py_ssize_t usable, count;
  char indices[1];
} buildkit_keys;
#define BUILDKIT_SHARED 2

static buildkit_keys *buildkit_keys_of(PyTypeObject *type) {
#if PY_VERSION_HEX >= 0x030D0000
  unsigned long has = Py_TPFLAGS_HEAPTYPE | Py_TPFLAGS_INLINE_VALUES;
#else
  unsigned long has = Py_TPFLAGS_HEAPTYPE | Py_TPFLAGS_MANAGED_DICT;
#endif
  buildkit_keys *keys = (type->tp_flags & has) == has ? (buildkit_keys *)((PyHeapTypeObject *)type)->ht_cached_keys : NULL;
  return keys && keys->kind == BUILDKIT_SHARED ? keys : NULL;
}

static Py_ssize_t buildkit_count_keys(PyTypeObject *type) {
  return ((buildkit_keys *)((PyHeapTypeObject *)type)->ht_cached_keys)->count;
}

/* Which place a name has among the values of an object; -1 if none. */
static int buildkit_place_among(buildkit_keys *keys, PyObject *name) {
  PyObject **entries = (PyObject **)(keys->indices + ((size_t)1 << keys->bytes));
  for (Py_ssize_t at = 0; at < keys->count; at++) {
    PyObject *each = entries[2 * at];
    if (each == name || (each && PyUnicode_Compare(each, name) == 0)) return (int)at;
  }
  return -1;
}

/* What a class has under a name, in `found`: whether it leaves what the object itself has under it alone. */
static int buildkit_is_left_alone(PyTypeObject *type, PyObject *name, PyObject **found) {
  PyObject *has = *found = _PyType_Lookup(type, name);
  return !has || (!Py_TYPE(has)->tp_descr_set && (Py_TYPE(has)->tp_flags & Py_TPFLAGS_IMMUTABLETYPE));
}

/* Where objects of a class have what was found or assigned just now; BUILDKIT_NO_PLACE if it is not to be remembered. */
#define BUILDKIT_NO_PLACE INT_MIN
static int buildkit_find_place(PyTypeObject *type, PyObject *name, buildkit_keys *keys) {
  PyObject *has;
  int place;
  if (buildkit_is_left_alone(type, name, &has)) {
    place = keys ? buildkit_place_among(keys, name) : -1;
    return place < 0 ? BUILDKIT_NO_PLACE : place;
  }
  if (Py_IS_TYPE(has, &PyMemberDescr_Type)) {
    PyMemberDef *member = ((PyMemberDescrObject *)has)->d_member;
    if (member->type != T_OBJECT_EX || member->flags || member->offset <= 0) return BUILDKIT_NO_PLACE;
    return PyType_IsSubtype(type, ((PyDescrObject *)has)->d_type) ? -(int)member->offset : BUILDKIT_NO_PLACE;
  }
  return BUILDKIT_NO_PLACE;
}

/* Remember it. What a class has itself, such as a property or a constant, is found anew each time, and not tried again. */
static void buildkit_remember(PyObject *object, PyObject *name, buildkit_attribute *at) {
  PyTypeObject *type = Py_TYPE(object);
  unsigned int tag = type->tp_version_tag;
  buildkit_keys *keys;
  int place;
  if (at->left <= 0 || tag == at->version || tag == at->failed) return;
  keys = buildkit_keys_of(type);
  if (keys && !buildkit_values(object)) return;
  place = buildkit_find_place(type, name, keys);
  tag = type->tp_version_tag;
  if (!tag) return;
  if (place == BUILDKIT_NO_PLACE) { at->failed = tag; return; }
  at->place = place;
  at->left--;
  at->version = tag;
}

static PyObject *buildkit_find_attribute(PyObject *object, PyObject *name, buildkit_attribute *at) {
  PyTypeObject *type = Py_TYPE(object);
  PyObject *found = PyObject_GetAttr(object, name);
  if (found && type->tp_getattro == PyObject_GenericGetAttr && Py_IS_TYPE(object, type)) buildkit_remember(object, name, at);
  return found;
}

static int buildkit_assign_attribute(PyObject *object, PyObject *name, PyObject *value, buildkit_attribute *at) {
  PyTypeObject *type = Py_TYPE(object);
  int failed = PyObject_SetAttr(object, name, value);
  if (!failed && value && type->tp_setattro == PyObject_GenericSetAttr && Py_IS_TYPE(object, type)) buildkit_remember(object, name, at);
  return failed;
}

/* The method that objects of a class have of it, if it is one that is called with the object; NULL if not. */
static PyObject *buildkit_method_of_class(PyTypeObject *type, PyObject *name, buildkit_keys *keys) {
  PyObject *has;
  if (type->tp_getattro != PyObject_GenericGetAttr || !(has = _PyType_Lookup(type, name))) return NULL;
  if (!(Py_TYPE(has)->tp_flags & Py_TPFLAGS_METHOD_DESCRIPTOR) || Py_TYPE(has)->tp_descr_set) return NULL;
  if (keys ? buildkit_place_among(keys, name) >= 0 : type->tp_dictoffset || (type->tp_flags & Py_TPFLAGS_MANAGED_DICT)) return NULL;
  return has;
}

/* Remember it. */
static void buildkit_remember_method(PyObject *object, PyObject *name, buildkit_method_of *at) {
  PyTypeObject *type = Py_TYPE(object);
  unsigned int tag = type->tp_version_tag;
  buildkit_keys *keys;
  PyObject *has;
  if (at->left <= 0 || tag == at->failed) return;
  keys = buildkit_keys_of(type);
  if (keys && !buildkit_values(object)) return;
  has = buildkit_method_of_class(type, name, keys);
  tag = type->tp_version_tag;
  if (!tag) return;
  if (!has) { at->failed = tag; return; }
  at->keys = keys ? keys->count : -1;
  at->function = has;
  at->left--;
  at->version = tag;
}

static PyObject *buildkit_find_method(PyObject *name, PyObject *const *args, size_t nargsf, buildkit_method_of *at) {
  buildkit_remember_method(args[0], name, at);
  return PyObject_VectorcallMethod(name, args, nargsf, NULL);
}
#endif
