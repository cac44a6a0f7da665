"""A step of Buildbot that predicts a build in the master itself: it loads cachepredict.so by ctypes, off the reactor's thread.

    from cachepredict_step import CachePredict
    factory.addStep(CachePredict(plugin='/usr/local/lib/cachepredict/cachepredict.so', repository='/srv/git/app.git'))
    factory.addStep(steps.ShellCommand(command=[...], doStepIf=lambda step: step.getProperty('skip') != 'true'))

The repository can be bare: the mirror that the master's poller keeps, say. Properties set: reuse_cache, cache_from, cache_to, skip,
rebuild_stages, matrix, verdict_json, as texts. A prediction that fails is a warning and never a failed build. With comment=True the
pull request is told, if `request` names it (pull_request, forge, forge_url, forge_repository) and CACHEPREDICT_TOKEN is set.
"""
import ctypes as c
import json

from buildbot.process.buildstep import BuildStep
from buildbot.process.results import SUCCESS, WARNINGS
from twisted.internet import defer, threads

HOST_ABI = 1 << 16
FUNCTIONS = ('create', 'destroy', 'call', 'cancel', 'result_text', 'result_status', 'result_verdict', 'result_step_count', 'result_step',
             'result_cache_from_count', 'result_cache_from', 'result_free')


class Error(c.Structure):
    _fields_ = [('struct_size', c.c_uint32), ('code', c.c_int32), ('line', c.c_int32), ('column', c.c_int32), ('width', c.c_int32),
                ('file', c.c_char * 512), ('source', c.c_char * 512), ('message', c.c_char * 1024), ('hint', c.c_char * 512)]


class Table(c.Structure):
    _fields_ = [('magic', c.c_uint32), ('struct_size', c.c_uint32), ('abi_major', c.c_uint32), ('abi_minor', c.c_uint32),
                ('name', c.c_char_p), ('version', c.c_char_p), ('capabilities', c.c_uint64)] + [(f, c.c_void_p) for f in FUNCTIONS]


class Plugin:
    """cachepredict.so; one call at a time for each object."""

    def __init__(self, path):
        entry = c.CDLL(path).cachepredict_plugin
        entry.restype, entry.argtypes = c.POINTER(Table), [c.c_uint32]
        table = entry(HOST_ABI)
        if not table:
            raise OSError('%s has another ABI' % path)
        p, self.table = c.c_void_p, table.contents
        self.create = self.function('create', c.c_int32, p, c.POINTER(p), c.POINTER(Error))
        self.destroy = self.function('destroy', None, p)
        self.method = self.function('call', c.c_int32, p, c.c_char_p, c.c_char_p, c.c_uint64, c.POINTER(p), c.POINTER(Error))
        self.text = self.function('result_text', p, p, c.POINTER(c.c_uint64))
        self.free = self.function('result_free', None, p)

    def function(self, name, result, *arguments):
        return c.CFUNCTYPE(result, *arguments)(getattr(self.table, name))

    def call(self, method, request):
        context, result, error, n = c.c_void_p(), c.c_void_p(), Error(), c.c_uint64()
        error.struct_size = c.sizeof(Error)
        if self.create(None, c.byref(context), c.byref(error)):
            raise RuntimeError(error.message.decode())
        try:
            text = json.dumps(request).encode()
            if self.method(context, method.encode(), text, len(text), c.byref(result), c.byref(error)):
                raise RuntimeError('%s %s' % (error.message.decode(), error.hint.decode()))
            try:
                return c.string_at(self.text(result, c.byref(n)), n.value).decode()
            finally:
                self.free(result)
        finally:
            self.destroy(context)


class CachePredict(BuildStep):
    name = 'cachepredict'
    renderables = ['repository', 'base', 'head', 'request']

    def __init__(self, plugin, repository, base=None, head=None, request=None, comment=False, **kwargs):
        super().__init__(**kwargs)
        self.plugin, self.repository, self.base, self.head = plugin, repository, base, head
        self.request, self.comment = request or {}, comment

    def predict(self, request):
        plugin = Plugin(self.plugin)
        answers = [plugin.call('predict', {**request, 'format': f}) for f in ('table', 'dotenv')]
        if self.comment:
            answers.append(plugin.call('comment', {**request, 'format': 'json'}))
        return answers

    @defer.inlineCallbacks
    def run(self):
        request = {'repository': self.repository, **self.request}
        request['head'] = self.head or self.getProperty('got_revision') or self.getProperty('revision') or 'HEAD'
        if self.base:
            request['base'] = self.base
        log = yield self.addLog('prediction')
        try:
            answers = yield threads.deferToThread(self.predict, request)
        except (OSError, RuntimeError) as e:
            yield log.addStderr('%s\n' % e)
            yield log.finish()
            self.descriptionDone = ['not predicted']
            return WARNINGS
        yield log.addStdout(answers[0])
        for line in answers[1].splitlines():
            key, _, value = line.partition('=')
            self.setProperty(key, value, self.name)
        if self.comment:
            said = json.loads(answers[2])
            yield log.addStdout('comment: %s %s\n' % (said['result'], said.get('error', {}).get('message', said['url'])))
        yield log.finish()
        self.descriptionDone = [json.loads(self.getProperty('verdict_json'))['action']]
        return SUCCESS
