"""Where a network's weights come from: caches, the network, files."""

import functools
import hashlib
import http.client
import os
import threading
import urllib.error
import urllib.request
from pathlib import Path

from skuhas._common import optional_import

PRETRAINED, RANDOM = "pretrained", "random"
# What a folder's checkpoint may be called, the first that is there.
FILE_NAMES = ("model.safetensors", "pytorch_model.bin", "model.pth", "model.pt")
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".tar")
# Under these a repository keeps the weights, where timm names no other.
HUB_FILE_NAMES = (
    "model.safetensors",
    "open_clip_model.safetensors",
    "pytorch_model.bin",
)
# Seconds that the first answer of the hub may take.
PATIENCE = 5


class WeightsNotFound(FileNotFoundError):  # noqa: N818 - says what happened
    """The weights of a network are neither on this machine nor within reach.

    The message says which file to fetch, where from, and how to hand it over.

    Examples
    --------
    >>> from skuhas import DinoFeatures, WeightsNotFound
    >>> try:
    ...     DinoFeatures(weights="no-such-file.pth").fit([[]])
    ... except WeightsNotFound as error:
    ...     print(str(error)[:41])
    weights must be 'pretrained', 'random' or
    """


class WeightsError(ValueError):
    """A checkpoint cannot be read, or is not one of the network's.

    Examples
    --------
    >>> import tempfile
    >>> from skuhas import DinoFeatures, WeightsError
    >>> with tempfile.NamedTemporaryFile(suffix=".pth") as file:
    ...     _ = file.write(b"Dear Sir or Madam")
    ...     file.flush()
    ...     try:
    ...         DinoFeatures(weights=file.name).fit([[]])
    ...     except WeightsError as error:
    ...         print(str(error).split("' ")[1])
    is not a checkpoint that torch can read.
    """


def check_weights(weights):
    """Raise unless `weights` is a known word or a path that exists."""
    if not isinstance(weights, (str, os.PathLike)):
        raise TypeError(
            f"weights must be {PRETRAINED!r}, {RANDOM!r} or a path, got {weights!r}."
        )
    if weights in (PRETRAINED, RANDOM):
        return
    path = find_file(weights)
    with path.open("rb") as handle:
        start = handle.read(9)
    # A zip archive, a pickle or a tar archive of torch's; or the length of a
    # JSON header and its first letter.
    if path.suffix == ".safetensors":
        if start[8:] != b"{":
            raise WeightsError(f"weights={str(path)!r} is no safetensors file.")
    elif not start.startswith((b"PK", b"\x80")) and path.suffix != ".tar":
        raise WeightsError(
            f"weights={str(path)!r} is not a checkpoint that torch can read."
        )


def find_file(weights):
    """Return the checkpoint that a path names, itself or in that folder."""
    path = Path(weights).expanduser()
    if path.is_file():
        return path
    if not path.is_dir():
        raise WeightsNotFound(
            f"weights must be {PRETRAINED!r}, {RANDOM!r} or the path of a checkpoint, "
            f"got {os.fspath(weights)!r}, where there is no file or folder."
        )
    for name in FILE_NAMES:
        if (path / name).is_file():
            return path / name
    found = sorted(item for item in path.iterdir() if item.suffix in SUFFIXES)
    if len(found) != 1:
        what = f"{len(found)} of them" if found else "none"
        raise WeightsNotFound(
            f"weights={os.fspath(weights)!r} is a folder; it must hold "
            f"{FILE_NAMES[0]!r} or a single checkpoint ({', '.join(SUFFIXES)}), and "
            f"holds {what}. Name the file itself."
        )
    return found[0]


def find_pretrained(name, config):
    """Return the file of a model's published weights, fetched if need be.

    Parameters
    ----------
    name : str
        The model's name in timm, for messages.
    config : dict
        timm's description of the pretrained weights.

    Returns
    -------
    Path
        In the Hugging Face cache, or in torch's for files fetched by torch.hub.

    Raises
    ------
    ValueError
        Nobody published weights under this name.
    WeightsNotFound
        They are not here and cannot be fetched.
    """
    repository, revision = _repository(config)
    if not repository and not config.get("url"):
        raise ValueError(
            f"model={name!r} has no published weights that timm knows. Pass a file "
            f"of your own as weights, or weights={RANDOM!r} for tests."
        )
    found = _in_torch_cache(config.get("url"))
    if found is None and repository:
        found = _in_hub_cache(repository, revision, _hub_names(config))
    if found is not None:
        return found
    if not repository:
        raise WeightsNotFound(_advice(name, config, "they are not in torch's cache"))
    return _fetch(name, config, repository, revision)


def _repository(config):
    repository, _, revision = (config.get("hf_hub_id") or "").partition("@")
    return repository, revision or None


def _hub_names(config):
    given = config.get("hf_hub_filename")
    return (given,) if given else HUB_FILE_NAMES


def _in_torch_cache(url):
    """Return the file that torch.hub has fetched from an address, or None."""
    if not url:
        return None
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    return path if path.is_file() else None


def _in_hub_cache(repository, revision, names):
    hub = optional_import(
        "huggingface_hub", package="huggingface_hub", purpose="weights='pretrained'"
    )
    for name in names:
        found = hub.try_to_load_from_cache(
            repository, name, cache_dir=_hub_folder(), revision=revision
        )
        # It returns a marker for files that are known not to exist.
        if isinstance(found, str):
            return Path(found)
    return None


def _hub_folder():
    """Return the Hugging Face cache, by the environment as it is now."""
    given = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if given:
        return Path(given).expanduser()
    home = os.environ.get("HF_HOME")
    if home:
        return Path(home).expanduser() / "hub"
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "huggingface" / "hub"


def _is_offline():
    words = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    yes = {"1", "on", "yes", "true"}
    return any(os.environ.get(word, "").lower() in yes for word in words)


def _endpoint():
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def _fetch(name, config, repository, revision):
    if _is_offline():
        raise WeightsNotFound(
            _advice(name, config, "HF_HUB_OFFLINE is set, and the cache has no copy")
        )
    # The hub's client tries again and again, for minutes.
    if not _answers(_address(repository, revision, _hub_names(config)[0])):
        raise WeightsNotFound(
            _advice(
                name,
                config,
                f"{_endpoint()} does not answer, and the cache has no copy",
            )
        )
    import huggingface_hub
    from huggingface_hub.utils import EntryNotFoundError, LocalEntryNotFoundError

    for file_name in _hub_names(config):
        try:
            return Path(
                huggingface_hub.hf_hub_download(
                    repository,
                    file_name,
                    revision=revision,
                    cache_dir=_hub_folder(),
                    endpoint=_endpoint(),
                )
            )
        # Which errors there are depends on the client's version and its transport.
        except Exception as error:  # noqa: BLE001
            problem = error
            absent = isinstance(error, EntryNotFoundError)
            if not absent or isinstance(error, LocalEntryNotFoundError):
                break
    reason = f"{_endpoint()} does not hand them out ({problem})"
    raise WeightsNotFound(_advice(name, config, reason)) from problem


def _address(repository, revision, file_name):
    return f"{_endpoint()}/{repository}/resolve/{revision or 'main'}/{file_name}"


def _answers(address):
    """Whether a server answers within seconds, and is in order."""
    answered = threading.Event()

    def ask():
        try:
            request = urllib.request.Request(address, method="HEAD")  # noqa: S310
            urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            # Refusing a page is an answer; 503 and its like are none.
            if error.code >= 500:
                return
        except (OSError, ValueError, http.client.HTTPException):
            return
        answered.set()

    # Looking up a name obeys no timeout, so it may outlive this call.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE + 1)
    return answered.is_set()


def _advice(name, config, reason):
    repository, revision = _repository(config)
    address = config.get("url")
    place = ""
    if repository:
        address = _address(repository, revision, _hub_names(config)[0])
        place = f" Looked in {str(_hub_folder())!r} (HF_HOME moves it)."
    return (
        f"no weights for {name!r}: {reason}.{place} Where there is a network, fetch "
        f"{address} and pass the file, wherever you put it, as weights='FILE'. "
        "LiteFeatures needs no download."
    )


def identity(weights, name):
    """Return a text that is equal only for equal weights of a model.

    Files are known by their content; published weights by timm's name of them,
    so that a cache filled from them can be used without them.
    """
    if weights == RANDOM:
        import timm
        import torch

        return f"random, torch {torch.__version__}, timm {timm.__version__}"
    if weights == PRETRAINED:
        return f"timm {name}"
    path = find_file(weights)
    status = path.stat()
    return _content(str(path.resolve()), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _content(path, size, time):
    with Path(path).open("rb") as handle:
        digest = hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=20))
    return f"content {digest.hexdigest()}"
