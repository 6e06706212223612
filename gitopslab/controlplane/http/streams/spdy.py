"""SPDY/3.1 framing: bytes into frames and frames into bytes.

``tunnel`` speaks it to kubectl, whose port-forward sends SPDY inside of a WebSocket. A ``Framer`` holds what the
protocol remembers between frames, which is the compression of headers; it knows nothing of sockets or of what streams
are for. No maintained library for Python speaks SPDY any more; browsers have forgotten it, Kubernetes has not.

Specification: SPDY Protocol Draft 3.1, sections 2.2 (framing) and 2.6 (control frames).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

VERSION = 3
LARGEST_DATA = 0xFFFFFF
"""Bytes that one DATA frame can carry."""

_CONTROL = 0x80000000
_STREAM = 0x7FFFFFFF
_LARGEST_CONTROL = 64 * 1024  # the frames that carry headers; nobody sends a hundredth of it
_LARGEST_HEADERS = 64 * 1024  # and that is what they may become when they are inflated
_HEADER = struct.Struct(">II")
_WORD = struct.Struct(">I")
_PAIR = struct.Struct(">II")
_SYN_STREAM = struct.Struct(">IIBB")


class FrameType(IntEnum):
    """The control frames."""

    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    HEADERS = 8
    WINDOW_UPDATE = 9


class Flag(IntEnum):
    """Flags of frames; the values mean different things in different frames."""

    FIN = 1
    UNIDIRECTIONAL = 2


class Reset(IntEnum):
    """Why a stream is reset."""

    PROTOCOL_ERROR = 1
    INVALID_STREAM = 2
    REFUSED_STREAM = 3
    UNSUPPORTED_VERSION = 4
    CANCEL = 5
    INTERNAL_ERROR = 6
    FLOW_CONTROL_ERROR = 7
    STREAM_IN_USE = 8
    STREAM_ALREADY_CLOSED = 9
    FRAME_TOO_LARGE = 11


class GoAwayReason(IntEnum):
    """Why a session ends."""

    OK = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2


class SpdyError(Exception):
    """The peer broke the protocol so that the session cannot go on."""


@dataclass(frozen=True, slots=True)
class SynStream:
    """A new stream."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False
    unidirectional: bool = False
    associated: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class SynReply:
    """A stream is accepted."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class RstStream:
    """A stream has come to a bad end."""

    stream: int
    reason: int


@dataclass(frozen=True, slots=True)
class Settings:
    """``(identifier, value)`` of each setting; flags are not kept."""

    values: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """To be sent back by whoever did not choose the number: clients choose odd ones."""

    number: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """No new streams, please."""

    last: int
    reason: int = GoAwayReason.OK


@dataclass(frozen=True, slots=True)
class Headers:
    """More headers of a stream."""

    stream: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True, slots=True)
class WindowUpdate:
    """So many more bytes may be sent."""

    stream: int
    delta: int


@dataclass(frozen=True, slots=True)
class Data:
    """A piece of a stream. A large frame is handed out as several pieces, as its bytes come."""

    stream: int
    data: bytes
    fin: bool = False


Frame = SynStream | SynReply | RstStream | Settings | Ping | GoAway | Headers | WindowUpdate | Data


class Framer:
    """One end of a session: what it has received in part, and the state of both compressions."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._received = bytearray()
        self._data: tuple[int, bool, int] | None = None  # of a DATA frame under way: stream, fin, bytes still to come

    # Receiving.

    def feed(self, received: bytes) -> Iterator[Frame]:
        """The frames that these bytes complete.

        Raises:
            SpdyError: The bytes are no SPDY/3.1.
        """
        self._received += received
        while (frame := self._data_piece() if self._data else self._next()) is not None:
            if not isinstance(frame, _Ignored):
                yield frame

    def _next(self) -> Frame | _Ignored | None:
        if len(self._received) < _HEADER.size:
            return None
        first, second = _HEADER.unpack_from(self._received)
        flags, length = second >> 24, second & LARGEST_DATA
        if not first & _CONTROL:
            del self._received[: _HEADER.size]
            self._data = (first & _STREAM, bool(flags & Flag.FIN), length)
            return self._data_piece()
        if length > _LARGEST_CONTROL:
            raise SpdyError(f"control frame of {length} bytes")
        if len(self._received) < _HEADER.size + length:
            return None
        payload = bytes(self._received[_HEADER.size : _HEADER.size + length])
        del self._received[: _HEADER.size + length]
        version, kind = (first & ~_CONTROL) >> 16, first & 0xFFFF
        if version != VERSION:
            raise SpdyError(f"version {version}")
        return self._control(kind, flags, payload)

    def _data_piece(self) -> Data | None:
        assert self._data is not None, "only called while a DATA frame is under way"
        stream, fin, left = self._data
        if left and not self._received:
            return None
        piece = bytes(self._received[:left])
        del self._received[: len(piece)]
        left -= len(piece)
        self._data = (stream, fin, left) if left else None
        return Data(stream, piece, fin and not left)

    def _control(self, kind: int, flags: int, payload: bytes) -> Frame | _Ignored:
        read = self._readers().get(kind)
        if read is None:
            return _Ignored()  # section 2.2.1: frames of unknown types are passed over
        try:
            return read(flags, payload)
        except (struct.error, zlib.error, IndexError, UnicodeDecodeError) as error:
            raise SpdyError(f"malformed {FrameType(kind).name}: {error}") from error

    def _readers(self) -> Mapping[int, Callable[[int, bytes], Frame]]:
        return {
            FrameType.SYN_STREAM: self._syn_stream,
            FrameType.SYN_REPLY: lambda flags, payload: SynReply(*self._with_headers(flags, payload)),
            FrameType.RST_STREAM: lambda flags, payload: RstStream(*_stream_and_word(payload)),
            FrameType.SETTINGS: lambda flags, payload: _settings(payload),
            FrameType.PING: lambda flags, payload: Ping(_WORD.unpack(payload)[0]),
            FrameType.GOAWAY: lambda flags, payload: GoAway(*_stream_and_word(payload)),
            FrameType.HEADERS: lambda flags, payload: Headers(*self._with_headers(flags, payload)),
            FrameType.WINDOW_UPDATE: lambda flags, payload: WindowUpdate(*_stream_and_word(payload)),
        }

    def _syn_stream(self, flags: int, payload: bytes) -> SynStream:
        stream, associated, priority, _ = _SYN_STREAM.unpack_from(payload)
        return SynStream(
            stream & _STREAM,
            self._inflated(payload[_SYN_STREAM.size :]),
            fin=bool(flags & Flag.FIN),
            unidirectional=bool(flags & Flag.UNIDIRECTIONAL),
            associated=associated & _STREAM,
            priority=priority >> 5,
        )

    def _with_headers(self, flags: int, payload: bytes) -> tuple[int, dict[str, str], bool]:
        (stream,) = _WORD.unpack_from(payload)
        return stream & _STREAM, self._inflated(payload[_WORD.size :]), bool(flags & Flag.FIN)

    def _inflated(self, block: bytes) -> dict[str, str]:
        plain = self._inflate.decompress(block, _LARGEST_HEADERS)
        if self._inflate.unconsumed_tail:
            raise SpdyError(f"headers of more than {_LARGEST_HEADERS} bytes")
        return _headers(plain)

    # Sending.

    def encode(self, frame: Frame) -> bytes:
        """The bytes of a frame; frames with headers must be sent in the order in which they are encoded."""
        match frame:
            case Data(stream, data, fin):
                return _HEADER.pack(stream, (fin << 24) | len(data)) + data
            case SynStream(stream, headers):
                flags = Flag.FIN * frame.fin | Flag.UNIDIRECTIONAL * frame.unidirectional
                block = _SYN_STREAM.pack(stream, frame.associated, frame.priority << 5, 0)
                return _framed(FrameType.SYN_STREAM, block + self._deflated(headers), flags)
            case SynReply(stream, headers, fin):
                return _framed(FrameType.SYN_REPLY, _WORD.pack(stream) + self._deflated(headers), fin)
            case Headers(stream, headers, fin):
                return _framed(FrameType.HEADERS, _WORD.pack(stream) + self._deflated(headers), fin)
            case RstStream(stream, reason):
                return _framed(FrameType.RST_STREAM, _PAIR.pack(stream, reason))
            case Settings(values):
                entries = b"".join(_PAIR.pack(*entry) for entry in values)
                return _framed(FrameType.SETTINGS, _WORD.pack(len(values)) + entries)
            case Ping(number):
                return _framed(FrameType.PING, _WORD.pack(number))
            case GoAway(last, reason):
                return _framed(FrameType.GOAWAY, _PAIR.pack(last, reason))
            case WindowUpdate(stream, delta):
                return _framed(FrameType.WINDOW_UPDATE, _PAIR.pack(stream, delta))

    def _deflated(self, headers: Mapping[str, str]) -> bytes:
        texts = [text.encode() for pair in headers.items() for text in pair]
        plain = _WORD.pack(len(headers)) + b"".join(_WORD.pack(len(text)) + text for text in texts)
        return self._deflate.compress(plain) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


class _Ignored:
    """A frame that means nothing to us."""


def _framed(kind: FrameType, payload: bytes, flags: int = 0) -> bytes:
    return _HEADER.pack(_CONTROL | VERSION << 16 | kind, flags << 24 | len(payload)) + payload


def _stream_and_word(payload: bytes) -> tuple[int, int]:
    stream, word = _PAIR.unpack(payload)
    return stream & _STREAM, word


def _settings(payload: bytes) -> Settings:
    (count,) = _WORD.unpack_from(payload)
    entries = payload[_WORD.size :]
    if len(entries) != count * _PAIR.size:
        raise SpdyError("malformed SETTINGS: its count is not its length")
    return Settings(tuple((key & 0xFFFFFF, value) for key, value in _PAIR.iter_unpack(entries)))


def _headers(plain: bytes) -> dict[str, str]:
    (count,) = _WORD.unpack_from(plain)
    at = _WORD.size
    texts: list[str] = []
    for _ in range(2 * count):
        (length,) = _WORD.unpack_from(plain, at)
        at += _WORD.size + length
        if at > len(plain):
            raise SpdyError("malformed headers: cut short")
        texts.append(plain[at - length : at].decode("latin-1"))
    return dict(zip((name.lower() for name in texts[::2]), texts[1::2], strict=True))


def _dictionary() -> bytes:
    """The text that both ends have agreed to have seen before (section 2.6.10.1): words, then loose fragments."""
    words = [word.strip().encode() for word in _WORDS.split(",")]
    return b"".join(_WORD.pack(len(word)) + word for word in words) + _FRAGMENTS.encode()


_WORDS = """options, head, post, put, delete, trace, accept, accept-charset, accept-encoding, accept-language,
    accept-ranges, age, allow, authorization, cache-control, connection, content-base, content-encoding,
    content-language, content-length, content-location, content-md5, content-range, content-type, date, etag, expect,
    expires, from, host, if-match, if-modified-since, if-none-match, if-range, if-unmodified-since, last-modified,
    location, max-forwards, pragma, proxy-authenticate, proxy-authorization, range, referer, retry-after, server, te,
    trailer, transfer-encoding, upgrade, user-agent, vary, via, warning, www-authenticate, method, get, status, 200 OK,
    version, HTTP/1.1, url, public, set-cookie, keep-alive, origin"""
# The spaces within it are part of the text.
_FRAGMENTS = (
    "1001012012022052063003023033043053063074024054064074084094104114124134144154164175025045052"
    "03 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = _dictionary()
"""What header blocks are compressed against."""
