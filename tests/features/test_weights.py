"""Where weights are looked for, and what is said where there are none."""

import http.server
import os
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save, save_file

from skuhas import DinoFeatures, TimmFeatures, WeightsError, WeightsNotFound
from skuhas.features import _weights
from skuhas.features._backbone import load_backbone
from skuhas.features._weights import (
    check_weights,
    find_file,
    find_pretrained,
    identity,
)

TINY = "test_vit.r160_in1k"
REPOSITORY = "timm/test_vit.r160_in1k"
IMAGE = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
PLACES = (
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "XDG_CACHE_HOME",
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_ENDPOINT",
    "TORCH_HUB",
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a folder with empty caches; nothing that was loaded is kept."""
    for word in PLACES:
        monkeypatch.delenv(word, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hugging"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    load_backbone.cache_clear()
    yield tmp_path
    load_backbone.cache_clear()


@pytest.fixture
def no_network(monkeypatch):
    """Fail where anything asks the network."""

    def refuse(*_arguments, **_keywords):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.fixture(scope="module")
def published():
    """Return a network's tensors as they are published, with its classifier."""
    torch.manual_seed(3)
    return timm.create_model("test_vit").state_dict()


def features(weights="pretrained", model=TINY, kind=TimmFeatures):
    transformer = kind(model=model, weights=weights, image_size=None, device="cpu")
    return transformer.transform([IMAGE])[0].features


def expected(state, folder):
    save_file(state, folder / "expected.safetensors")
    return features(folder / "expected.safetensors")


def fill_hub_cache(hub, state, revision="main", name="model.safetensors"):
    """Put weights where the hub's client would have."""
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = hub / "models--timm--test_vit.r160_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / revision).write_text(commit)
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    if name.endswith(".safetensors"):
        save_file(state, snapshot / name)
    else:
        torch.save(state, snapshot / name)


# ----------------------------------------------------------------------- files


@pytest.mark.parametrize("given", ["pretrained", "random"])
def test_known_words_are_taken(given):
    check_weights(given)


@pytest.mark.parametrize(
    ("name", "start", "is_taken"),
    [
        ("a.pth", b"PK\x03\x04", True),
        ("a.pt", b"\x80\x02\x8a", True),
        ("a.pth.tar", b"anything", True),
        ("a.safetensors", bytes(8) + b"{", True),
        ("a.pth", b"Dear Sir", False),
        ("a.pth", b"", False),
        ("a.safetensors", b"PK\x03\x04_____", False),
        ("a.safetensors", b"", False),
    ],
)
def test_what_is_plainly_no_checkpoint_is_seen_early(tmp_path, name, start, is_taken):
    path = tmp_path / name
    path.write_bytes(start)
    if is_taken:
        check_weights(path)
        return
    with pytest.raises(WeightsError, match=re.escape(f"weights={str(path)!r} is n")):
        TimmFeatures(model=TINY, weights=path).fit([IMAGE])


@pytest.mark.parametrize("given", [None, 3, True, b"random", {}])
def test_what_is_neither_word_nor_path_is_refused(given):
    message = f"weights must be 'pretrained', 'random' or a path, got {given!r}"
    with pytest.raises(TypeError, match=re.escape(message)):
        check_weights(given)
    with pytest.raises(TypeError, match=re.escape(message)):
        features(given)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_where_nothing_is_is_refused_by_name(tmp_path, kind):
    missing = kind(tmp_path / "missing.pth")
    message = re.escape(
        f"'pretrained', 'random' or the path of a checkpoint, got "
        f"{str(missing)!r}, where there is no file or folder"
    )
    for method in ("fit", "transform"):
        with pytest.raises(WeightsNotFound, match=message) as caught:
            getattr(TimmFeatures(model=TINY, weights=missing), method)([IMAGE])
        assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(WeightsNotFound, match="got 'pretraned', where"):
        check_weights("pretraned")


def test_a_folder_holds_one_checkpoint_or_one_of_a_known_name(tmp_path):
    message = re.escape(f"weights={str(tmp_path)!r} is a folder; it must hold ")
    (tmp_path / "config.json").touch()
    with pytest.raises(WeightsNotFound, match=message + ".*holds none"):
        find_file(tmp_path)
    (tmp_path / "b.pth").touch()
    assert find_file(tmp_path) == tmp_path / "b.pth"
    (tmp_path / "a.safetensors").touch()
    with pytest.raises(WeightsNotFound, match=message + ".*holds 2 of them. Name the"):
        find_file(str(tmp_path))
    (tmp_path / "pytorch_model.bin").touch()
    assert find_file(tmp_path) == tmp_path / "pytorch_model.bin"
    (tmp_path / "model.safetensors").touch()
    assert find_file(tmp_path) == tmp_path / "model.safetensors"


def test_the_home_folder_may_be_abbreviated(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model.pth").write_bytes(b"PK")
    assert find_file("~/model.pth") == tmp_path / "model.pth"
    check_weights("~/model.pth")


# ------------------------------------------------------------- not to be found


def assert_advice(error, home, endpoint="https://huggingface.co"):
    message = str(error)
    assert message.startswith(f"no weights for {TINY!r}: ")
    assert f"{endpoint}/{REPOSITORY}/resolve/main/model.safetensors" in message
    assert f"Looked in {str(home / 'hugging' / 'hub')!r} (HF_HOME" in message
    assert "weights='FILE'" in message
    assert "LiteFeatures needs no download" in message


@pytest.mark.parametrize("word", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
@pytest.mark.parametrize("value", ["1", "true", "ON"])
def test_offline_nothing_is_asked(home, no_network, monkeypatch, word, value):
    monkeypatch.setenv(word, value)
    TimmFeatures(model=TINY).fit([IMAGE])
    begun = time.monotonic()
    with pytest.raises(WeightsNotFound, match="HF_HUB_OFFLINE is set") as caught:
        features()
    assert time.monotonic() - begun < 1
    assert_advice(caught.value, home)


def test_without_a_network_the_advice_comes_at_once(home, monkeypatch):
    def fail(*_arguments, **_keywords):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    begun = time.monotonic()
    with pytest.raises(WeightsNotFound, match="co does not answer, and the") as caught:
        features()
    assert time.monotonic() - begun < 5
    assert_advice(caught.value, home)


def test_a_network_that_hangs_is_not_waited_for(home, monkeypatch):
    over = threading.Event()

    def hang(*_arguments, **_keywords):
        over.wait(60)
        raise urllib.error.URLError("timed out")

    monkeypatch.setattr(urllib.request, "urlopen", hang)
    monkeypatch.setattr(_weights, "PATIENCE", 0.1)
    begun = time.monotonic()
    with pytest.raises(WeightsNotFound, match="does not answer") as caught:
        features()
    over.set()
    assert time.monotonic() - begun < 5
    assert_advice(caught.value, home)


def test_dino_without_weights_names_the_file_to_fetch(home, no_network, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    address = (
        "fetch https://huggingface.co/timm/vit_small_patch14_reg4_dinov2.lvd142m/"
        "resolve/main/model.safetensors and pass the file"
    )
    with pytest.raises(WeightsNotFound, match=re.escape(address)):
        features(model="dinov2_vits14_reg", kind=DinoFeatures)


def test_files_that_only_an_address_names_are_not_looked_for_on_the_hub(
    home, no_network
):
    config = {"url": "https://example.org/weights/own.pth"}
    with pytest.raises(
        WeightsNotFound, match=r"fetch https://example\.org/weights/own"
    ):
        find_pretrained("own", config)
    folder = home / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "own.pth").touch()
    assert find_pretrained("own", config) == folder / "own.pth"


def test_networks_without_published_weights_are_told_apart(home, no_network):
    unpublished = "efficientnet_lite1"
    config = timm.create_model(unpublished, num_classes=0).pretrained_cfg
    assert not config.get("hf_hub_id")
    assert not config.get("url")
    message = f"model='{unpublished}.* has no published weights.*weights='random'"
    with pytest.raises(ValueError, match=message):
        features(model=unpublished)
    with pytest.raises(ValueError, match="model='own' has no published weights"):
        find_pretrained("own", {})


# ---------------------------------------------------------------------- caches


@pytest.mark.parametrize(
    ("word", "folder", "hub"),
    [
        ("HF_HOME", "one", "one/hub"),
        ("HF_HUB_CACHE", "two", "two"),
        ("HUGGINGFACE_HUB_CACHE", "three", "three"),
        ("XDG_CACHE_HOME", "four", "four/huggingface/hub"),
    ],
)
def test_the_hub_s_cache_is_found_wherever_it_is(
    home, no_network, monkeypatch, published, word, folder, hub
):
    monkeypatch.delenv("HF_HOME")
    monkeypatch.setenv(word, str(home / folder))
    fill_hub_cache(home / hub, published)
    np.testing.assert_array_equal(features(), expected(published, home))


@pytest.mark.parametrize("name", ["open_clip_model.safetensors", "pytorch_model.bin"])
def test_files_of_other_names_in_the_hub_s_cache_are_found(
    home, no_network, published, name
):
    fill_hub_cache(home / "hugging" / "hub", published, name=name)
    np.testing.assert_array_equal(features(), expected(published, home))


def test_the_revision_that_timm_names_is_taken(home, no_network, published):
    fill_hub_cache(home / "hugging" / "hub", published, revision="v2")
    path = find_pretrained(TINY, {"hf_hub_id": f"{REPOSITORY}@v2"})
    assert path.name == "model.safetensors"
    assert path.is_file()


def test_what_torch_hub_has_fetched_is_found(home, no_network):
    with torch.device("meta"):
        model = timm.create_model("vit_small_patch16_224.dino", num_classes=0)
    draw = torch.Generator().manual_seed(0)
    state = {
        key: 0.1 * torch.randn(value.shape, generator=draw)
        for key, value in model.state_dict().items()
    }
    folder = home / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(state, folder / "dino_deitsmall16_pretrain.pth")
    options = {"model": "dino_vits16", "image_size": None, "device": "cpu"}
    (ours,) = DinoFeatures(**options).transform([IMAGE])
    loaded = load_backbone(
        "vit_small_patch16_224.dino",
        "pretrained",
        "timm vit_small_patch16_224.dino",
        "cpu",
    )
    assert load_backbone.cache_info().misses == 1
    for key, value in loaded.model.state_dict().items():
        np.testing.assert_array_equal(value, state[key])
    assert ours.shape == (2, 3, 384)


class Trap:
    """Writes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_among_fetched_weights_is_not_run(home, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    trap = home / "sprung"
    hub = home / "hugging" / "hub"
    fill_hub_cache(hub, {"a": Trap(trap)}, name="pytorch_model.bin")
    with pytest.raises(WeightsError, match="objects other than tensors"):
        features()
    assert not trap.exists()


def test_what_lies_in_the_cache_and_does_not_fit_is_named(home, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    fill_hub_cache(home / "hugging" / "hub", {"a.weight": torch.zeros(2)})
    with pytest.raises(WeightsError, match=r"missing .* 1 unexpected \(a\.weight\)"):
        features()


def test_names_that_timm_alone_knows_are_left_to_it(home, monkeypatch, published):
    from timm.models import _builder

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    fill_hub_cache(
        home / "hugging" / "hub", {f"odd.{key}": v for key, v in published.items()}
    )
    with pytest.raises(WeightsError, match="unexpected"):
        features()
    original = _builder.load_pretrained

    def knowing(model, pretrained_cfg, **keywords):
        tensors = pretrained_cfg["state_dict"]
        renamed = {key.removeprefix("odd."): v for key, v in tensors.items()}
        original(model, pretrained_cfg | {"state_dict": renamed}, **keywords)

    monkeypatch.setattr(_builder, "load_pretrained", knowing)
    np.testing.assert_array_equal(features(), expected(published, home))


# --------------------------------------------------------------------- servers


def serve(answer):
    """Return a server on this machine, and the paths that it is asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.command, self.path))
            answer(self)

        do_HEAD = do_GET  # noqa: N815 - the server's own name

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, asked


@pytest.fixture
def endpoint(home, monkeypatch):
    """Return a function that puts a server in the place of the hub."""
    servers = []
    for word in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(word, raising=False)

    def start(answer):
        server, asked = serve(answer)
        servers.append(server)
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("HF_ENDPOINT", address)
        return address, asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answer_code(code):
    def answer(handler):
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_server_that_has_no_weights_is_named(endpoint, home, code):
    address, asked = endpoint(answer_code(code))
    begun = time.monotonic()
    with pytest.raises(WeightsNotFound, match="does not hand them out") as caught:
        features()
    assert time.monotonic() - begun < 15
    assert_advice(caught.value, home, address)
    paths = [path for _, path in asked]
    assert f"/{REPOSITORY}/resolve/main/model.safetensors" in paths


@pytest.mark.parametrize("code", [500, 503])
def test_a_server_that_is_out_of_order_is_asked_for_no_file(endpoint, home, code):
    address, asked = endpoint(answer_code(code))
    begun = time.monotonic()
    with pytest.raises(WeightsNotFound, match="does not answer") as caught:
        features()
    assert time.monotonic() - begun < 15
    assert len(asked) == 1
    assert_advice(caught.value, home, address)


def test_other_names_are_tried_only_where_a_file_is_not_there(
    endpoint, home, monkeypatch
):
    address, _ = endpoint(answer_code(404))
    asked = []

    # The hub's client asks for half a minute before it gives up on a file.
    def give_up(_repository, name, **_keywords):
        asked.append(name)
        raise huggingface_hub.utils.LocalEntryNotFoundError("no connection")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", give_up)
    with pytest.raises(WeightsNotFound, match=r"out \(no connection\)") as caught:
        features()
    assert asked == ["model.safetensors"]
    assert_advice(caught.value, home, address)


def test_a_server_that_holds_the_file_back_is_not_waited_for(
    endpoint, home, monkeypatch
):
    monkeypatch.setattr(_weights, "PATIENCE", 0.3)
    release = threading.Event()

    def answer(handler):
        if "/resolve/" in handler.path:
            release.wait(20)
        answer_code(200)(handler)

    address, _ = endpoint(answer)
    begun = time.monotonic()
    with pytest.raises(WeightsNotFound, match="does not answer") as caught:
        features()
    assert time.monotonic() - begun < 5
    release.set()
    assert_advice(caught.value, home, address)


@pytest.mark.parametrize("address", ["nonsense", "ftp://example.org", "http://[", ""])
def test_what_is_no_address_does_not_answer(home, monkeypatch, address):
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(WeightsNotFound, match="does not answer"):
        features()


def test_what_is_no_server_of_pages_does_not_answer(home, monkeypatch):
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"220 mail.example.org\r\n")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(WeightsNotFound, match="does not answer") as caught:
        features()
    thread.join()
    listener.close()
    assert_advice(caught.value, home, address)


def test_weights_are_fetched_once(endpoint, home, published):
    content = save(published)

    def answer(handler):
        if handler.path != f"/{REPOSITORY}/resolve/main/model.safetensors":
            answer_code(404)(handler)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("ETag", '"' + "ab" * 32 + '"')
        handler.send_header("X-Repo-Commit", "0123456789abcdef" * 2 + "01234567")
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(content)

    _, asked = endpoint(answer)
    fetched = features()
    np.testing.assert_array_equal(fetched, expected(published, home))
    assert [c for c, path in asked if path.endswith("safetensors")].count("GET") == 1
    assert list((home / "hugging" / "hub").rglob("model.safetensors"))
    asked.clear()
    load_backbone.cache_clear()
    np.testing.assert_array_equal(features(), fetched)
    assert asked == []


# -------------------------------------------------------------------- identity


def test_files_are_known_by_what_is_in_them(tmp_path):
    one, two = tmp_path / "one.pth", tmp_path / "two.safetensors"
    one.write_bytes(b"weights")
    two.write_bytes(b"weights")
    before = identity(one, TINY)
    assert identity(two, TINY) == identity(str(one), TINY) == before
    assert identity(one, "another model") == before
    two.write_bytes(b"Weights")
    assert identity(two, TINY) != before
    os.utime(one)
    assert identity(one, TINY) == before
    (tmp_path / "folder").mkdir()
    two.rename(tmp_path / "folder" / "model.safetensors")
    (tmp_path / "folder" / "model.safetensors").write_bytes(b"weights")
    assert identity(tmp_path / "folder", TINY) == before


def test_words_are_known_by_what_they_stand_for():
    texts = {
        identity("pretrained", TINY),
        identity("pretrained", "another model"),
        identity("random", TINY),
    }
    assert len(texts) == 3
    assert identity("random", TINY) == identity("random", "another model")
    for version in (torch.__version__, timm.__version__):
        assert version in identity("random", TINY)
    assert TINY in identity("pretrained", TINY)
