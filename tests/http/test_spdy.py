"""SPDY/3.1 framing, checked against bytes written out by hand and against itself."""

from __future__ import annotations

import zlib

import pytest

from gitopslab.controlplane.http.streams.spdy import (
    DICTIONARY,
    Data,
    Frame,
    Framer,
    GoAway,
    Headers,
    Ping,
    RstStream,
    Settings,
    SpdyError,
    SynReply,
    SynStream,
    WindowUpdate,
)


def test_dictionary_is_that_of_the_specification() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@pytest.mark.parametrize(
    ("frame", "wire"),
    [
        pytest.param(Data(1, b"hi"), "00000001 00000002 6869", id="data"),
        pytest.param(Data(3, b"", fin=True), "00000003 01000000", id="end of a stream"),
        pytest.param(RstStream(5, 3), "80030003 00000008 00000005 00000003", id="reset"),
        pytest.param(Settings(((7, 65536),)), "80030004 0000000c 00000001 00000007 00010000", id="settings"),
        pytest.param(Ping(1), "80030006 00000004 00000001", id="ping"),
        pytest.param(GoAway(9, 1), "80030007 00000008 00000009 00000001", id="goaway"),
        pytest.param(WindowUpdate(1, 512), "80030009 00000008 00000001 00000200", id="window update"),
    ],
)
def test_frame_without_headers(frame: Frame, wire: str) -> None:
    assert Framer().encode(frame) == bytes.fromhex(wire)
    assert list(Framer().feed(bytes.fromhex(wire))) == [frame]


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(SynStream(1, {"streamtype": "error", "port": "80"}), id="new stream"),
        pytest.param(SynStream(3, {}, fin=True, unidirectional=True, associated=1, priority=5), id="all its fields"),
        pytest.param(SynReply(1, {"a": "b"}), id="reply"),
        pytest.param(SynReply(1, fin=True), id="reply and end"),
        pytest.param(Headers(1, {"later": "1"}), id="headers"),
    ],
)
def test_frame_with_headers_survives_the_wire(frame: Frame) -> None:
    assert list(Framer().feed(Framer().encode(frame))) == [frame]


def test_compression_goes_on_from_frame_to_frame() -> None:
    sender, receiver = Framer(), Framer()
    headers = {"streamtype": "data", "port": "8080", "requestid": "0"}
    sizes = []
    for stream in (1, 3, 5):
        wire = sender.encode(SynStream(stream, headers))
        sizes.append(len(wire))
        assert list(receiver.feed(wire)) == [SynStream(stream, headers)]
    assert sizes[1] < sizes[0]


def test_frames_may_come_in_any_pieces() -> None:
    sender, receiver = Framer(), Framer()
    frames: list[Frame] = [SynStream(1, {"port": "80"}), Ping(1), RstStream(1, 5)]
    wire = b"".join(sender.encode(frame) for frame in frames)
    found = [frame for byte in wire for frame in receiver.feed(bytes((byte,)))]
    assert found == frames


def test_large_data_is_handed_out_as_it_comes() -> None:
    wire = Framer().encode(Data(1, b"x" * 10, fin=True))
    receiver = Framer()
    pieces = [*receiver.feed(wire[:12]), *receiver.feed(wire[12:])]
    assert pieces == [Data(1, b"x" * 4), Data(1, b"x" * 6, fin=True)]


def test_header_names_are_lowered() -> None:
    wire = Framer().encode(SynStream(1, {"StreamType": "Data"}))
    assert list(Framer().feed(wire)) == [SynStream(1, {"streamtype": "Data"})]


def test_unknown_frames_are_passed_over() -> None:
    wire = bytes.fromhex("8003000b 00000002 ffff") + Framer().encode(Ping(1))
    assert list(Framer().feed(wire)) == [Ping(1)]


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param("80020006 00000004 00000001", id="another version"),
        pytest.param("80030001 00ffffff", id="a control frame too large"),
        pytest.param("80030006 00000002 0001", id="a short ping"),
        pytest.param("80030003 00000004 00000001", id="a short reset"),
        pytest.param("80030004 00000008 00000002 00000007", id="settings cut short"),
        pytest.param("80030002 00000008 00000001 ffffffff", id="headers that are not deflated"),
        pytest.param("80030001 00000002 0000", id="a short new stream"),
    ],
)
def test_nonsense_ends_the_session(wire: str) -> None:
    with pytest.raises(SpdyError):
        list(Framer().feed(bytes.fromhex(wire)))


def test_headers_cannot_inflate_without_end() -> None:
    wire = Framer().encode(SynStream(1, {"x": "a" * 1_000_000}))
    with pytest.raises(SpdyError, match="headers of more than"):
        list(Framer().feed(wire))


def test_headers_that_claim_more_than_there_is_end_the_session() -> None:
    deflate = zlib.compressobj(zdict=DICTIONARY)
    block = deflate.compress(bytes.fromhex("00000001 000000ff 61")) + deflate.flush(zlib.Z_SYNC_FLUSH)
    payload = bytes.fromhex("00000001") + block
    with pytest.raises(SpdyError):
        list(Framer().feed(bytes.fromhex("80030002") + len(payload).to_bytes(4, "big") + payload))
