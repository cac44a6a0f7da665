#!/usr/bin/env python3
"""A host in Python, by ctypes: loads cachepredict.so and predicts a build.

    python3 host.py cachepredict.so REPOSITORY [BASE [HEAD]]

The structs below are the ones of include/cachepredict/plugin.h; they only ever grow at the end, and struct_size says how much of one
is there, so this file goes on working with later plugins.

SPDX-License-Identifier: Apache-2.0
"""
import ctypes as c
import json
import sys

ABI_MAJOR, ABI_MINOR, MAGIC = 1, 0, 0x31505043
HOST_ABI = ABI_MAJOR << 16 | ABI_MINOR


class Error(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32),
        ("code", c.c_int32),
        ("line", c.c_int32),
        ("column", c.c_int32),
        ("width", c.c_int32),
        ("file", c.c_char * 512),
        ("source", c.c_char * 512),
        ("message", c.c_char * 1024),
        ("hint", c.c_char * 512),
    ]


def function(result, *arguments):
    return c.CFUNCTYPE(result, *arguments)


P = c.c_void_p


class Plugin(c.Structure):
    _fields_ = [
        ("magic", c.c_uint32),
        ("struct_size", c.c_uint32),
        ("abi_major", c.c_uint32),
        ("abi_minor", c.c_uint32),
        ("name", c.c_char_p),
        ("version", c.c_char_p),
        ("capabilities", c.c_uint64),
        ("create", function(c.c_int32, P, c.POINTER(P), c.POINTER(Error))),
        ("destroy", function(None, P)),
        ("call", function(c.c_int32, P, c.c_char_p, c.c_char_p, c.c_uint64, c.POINTER(P), c.POINTER(Error))),
        ("cancel", function(None, P)),
        ("result_text", function(P, P, c.POINTER(c.c_uint64))),
        ("result_status", function(c.c_int32, P)),
        ("result_verdict", function(c.c_char_p, P)),
        ("result_step_count", function(c.c_uint64, P)),
        ("result_step", function(c.c_int32, P, c.c_uint64, P)),
        ("result_cache_from_count", function(c.c_uint64, P)),
        ("result_cache_from", function(c.c_char_p, P, c.c_uint64)),
        ("result_free", function(None, P)),
        ("get_extension", function(P, c.c_char_p)),
    ]


class PredictError(Exception):
    def __init__(self, error):
        self.code, self.line, self.column = error.code, error.line, error.column
        self.hint = error.hint.decode()
        super().__init__(error.message.decode())


class CachePredict:
    """One context of the plugin. Use it from one thread at a time."""

    def __init__(self, path):
        so = c.CDLL(path)
        so.cachepredict_plugin.restype = c.POINTER(Plugin)
        so.cachepredict_plugin.argtypes = [c.c_uint32]
        table = so.cachepredict_plugin(HOST_ABI)
        if not table or table.contents.magic != MAGIC:
            raise RuntimeError(f"{path}: another ABI")
        self._so, self._plugin = so, table.contents
        self._context = P()
        self._check(self._plugin.create, None, c.byref(self._context))

    def _check(self, function, *arguments):
        error = Error(struct_size=c.sizeof(Error))
        if function(*arguments, c.byref(error)) != 0:
            raise PredictError(error)

    def call(self, method, **request):
        """The answer of a method, as Python values, and its status."""
        text = json.dumps({**request, "format": "json"}).encode()
        result, length = P(), c.c_uint64()
        self._check(self._plugin.call, self._context, method.encode(), text, len(text), c.byref(result))
        try:
            address = self._plugin.result_text(result, c.byref(length))
            return json.loads(c.string_at(address, length.value)), self._plugin.result_status(result)
        finally:
            self._plugin.result_free(result)

    def close(self):
        self._plugin.destroy(self._context)
        self._context = P()


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    path, repository, *revisions = arguments
    base, head = (revisions + ["HEAD~1", "HEAD"][len(revisions):])[:2]
    plugin = CachePredict(path)
    try:
        answer, status = plugin.call("predict", repository=repository, base=base, head=head)
    except PredictError as error:
        sys.exit(f"host: {error}" + (f"; {error.hint}" if error.hint else ""))
    finally:
        plugin.close()
    total = hits = 0
    for image in answer["images"]:
        for step in image["steps"]:
            if step["instruction"] == "FROM":
                continue
            total += 1
            if step["outcome"] == "hit":
                hits += 1
                continue
            cause = step.get("cause") or {}
            outcome = "MISS" if step["outcome"] == "miss" else step["outcome"]
            print(f"{outcome:8} {step['name']}\n         {cause.get('kind')}: {cause.get('message')}")
    print(f"{hits} of {total} steps come from the cache; verdict: {answer['verdict']['action']}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
