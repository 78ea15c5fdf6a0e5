"""Names in Python that no weights file needs and that run code, read files or reach a network when called.

Nothing that a file names is ever called here; this list only lets a message say what a file is up to.
"""

from __future__ import annotations

_MODULES = """
os posix nt subprocess _posixsubprocess sys shutil pty platform.popen popen2 commands.getoutput
commands.getstatusoutput signal tempfile aix_support io.open io.open_code io.FileIO _io.open _io.FileIO posixpath.os
_aix_support _osx_support uuid._get_command_stdout _pyrepl.pager mailcap nturl2path.os fileinput glob.os runpy
importlib imp code.interact code.InteractiveConsole code.InteractiveInterpreter codeop marshal pickle _pickle
cPickle shelve dill joblib.load pdb bdb timeit cProfile profile.run profile.runctx profile.Profile trace.Trace
doctest cgitb pydoc zipimport pkgutil pkg_resources.run_script distutils.spawn distutils.file_util
distutils.dir_util ensurepip venv idlelib lib2to3 site.execsitecustomize site.main types.CodeType types.FunctionType
types.LambdaType operator.methodcaller operator.attrgetter _operator.methodcaller _operator.attrgetter ctypes
_ctypes cffi pip._internal pip.main threading.Thread concurrent.futures multiprocessing asyncio logging.config
test.support unittest.main cloudpickle.cloudpickle._make_function cloudpickle.cloudpickle.subimport
cloudpickle.cloudpickle._fill_function socket _socket ssl webbrowser urllib urllib2 httplib http.client http.server
ftplib smtplib telnetlib poplib imaplib xmlrpc socketserver wsgiref requests aiohttp httpx paramiko torch.hub
torch.jit torch.load torch.package torch.serialization.load torch.utils.cpp_extension torch.utils.model_zoo
torch.utils.bottleneck torch.utils.collect_env torch.utils._config_module torch.utils.data.datapipes.utils.decoder
torch.fx.experimental.symbolic_shapes torch._dynamo.guards torch._inductor.codecache torch.distributed.rpc
torch.testing._internal torch.ops torch._ops torch.classes torch._classes numpy.load numpy.fromfile numpy.memmap
numpy.f2py numpy.distutils numpy.testing numpy.lib.npyio numpy.lib._npyio_impl numpy.core.memmap numpy._core.memmap
numpy.core.records.fromfile numpy._core.records.fromfile pandas.read_pickle pandas.eval pandas.io sqlite3
torch.from_file torch.storage.UntypedStorage.from_file torch.storage.TypedStorage.from_file
torch.storage._load_from_bytes torch._utils._import_dotted_name torch.utils.hipify logging.FileHandler
logging.handlers linecache codecs.open gzip.open bz2.open lzma.open tarfile.open zipfile.ZipFile atexit
mlflow.projects setuptools IPython pathlib.Path.unlink pathlib.PosixPath.unlink pathlib.Path.write_text
pathlib.PosixPath.write_text pathlib.Path.write_bytes pathlib.PosixPath.write_bytes
"""
_WITHIN = """
os sys posix nt subprocess builtins importlib shutil socket __builtins__ __globals__ __subclasses__ __code__ __dict__
__class__ __base__ __bases__ __mro__ __import__ __getattribute__
"""
"""What is dangerous, too, when reached through another, as in ``torch.serialization.os.system``."""
_BUILTINS = """
eval exec execfile compile open file __import__ breakpoint input raw_input globals locals vars setattr delattr apply
reload help exit quit
"""
COMPUTED = "a name that is computed"
"""What a pickle asks for that puts the name together while it is read: nobody but who hides something does."""
_HARMLESS = "torch.jit._pickle."
"""What TorchScript writes around its lists."""
_NAMES = frozenset(_MODULES.split())
_PREFIXES = tuple(f"{name}." for name in sorted(_NAMES))
_PARTS = frozenset(_WITHIN.split())
_FUNCTIONS = frozenset(_BUILTINS.split())


def runs_code(name: str) -> bool:
    """Whether a name such as ``posix.system`` has no business in a weights file."""
    module, _, function = name.rpartition(".")
    if module in ("builtins", "__builtin__", "__builtins__"):
        return function in _FUNCTIONS
    if name == COMPUTED:
        return True
    if name.startswith(_HARMLESS):
        return False
    return name in _NAMES or name.startswith(_PREFIXES) or not _PARTS.isdisjoint(name.split(".")[1:])
