"""Extracts a still from a video: the first frame after the beginning that is not blank, upright; otherwise one of later parts.

It runs only in worker processes. PyAV (FFmpeg) decodes the formats of phones.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import Any, Final

from PIL import Image, ImageStat

from pictures.decoding import MAX_PIXELS, UnrenderableImage

_MAX_FRAMES: Final = 48
_MAX_LATER_FRAMES: Final = 12
_LATER_PARTS: Final = (0.3, 0.5, 0.7, 0.9)
_BLACK_LEVEL: Final = 12
_MIN_CONTRAST: Final = 4.0
"""The standard deviation of brightness, of 255, below which a frame has one color."""
_SKIPPED_PART: Final = 0.1
_MAX_SKIPPED_S: Final = 3.0


def still(path: str) -> Image.Image:
    """The still of a video file. Raises `UnrenderableImage`, or an error of FFmpeg for damaged files."""
    import av

    with av.open(path, metadata_errors="ignore") as video:
        if not video.streams.video:
            raise UnrenderableImage("has no picture")
        stream = video.streams.video[0]
        if stream.width * stream.height > MAX_PIXELS:
            raise UnrenderableImage("has too many pixels")
        stream.thread_count = 1
        best: tuple[float, Image.Image] | None = None
        for part, count in ((_SKIPPED_PART, _MAX_FRAMES), *((part, _MAX_LATER_FRAMES) for part in _LATER_PARTS)):
            if not _seek(video, stream, part) and part != _SKIPPED_PART:
                break
            found = _best_frame(video, stream, count)
            if found is not None and (best is None or found[0] > best[0]):
                best = found
            if best is not None and best[0] >= _MIN_CONTRAST:
                break
        if best is None:
            raise UnrenderableImage("has no picture that can be decoded")
        return best[1]


def _best_frame(video: Any, stream: Any, count: int) -> tuple[float, Image.Image] | None:
    """The first of the next frames that is not blank, or the one with the most contrast; with its contrast, 0 if it is black."""
    best: tuple[float, Image.Image] | None = None
    with suppress(OSError, ValueError):  # frames before the damage are used
        for frame in islice(video.decode(stream), count):
            picture = _upright(frame)
            brightness = ImageStat.Stat(picture.convert("L").resize((16, 16)))
            contrast = brightness.stddev[0] if brightness.mean[0] > _BLACK_LEVEL else 0.0
            if best is None or contrast > best[0]:
                best = contrast, picture
            if contrast >= _MIN_CONTRAST:
                break
    return best


def _seek(video: Any, stream: Any, part: float) -> bool:
    """Seeks to a part of the duration; the beginning, which is often black or shaken, is skipped for a few seconds at most."""
    if not stream.duration or not stream.time_base:
        return False
    seconds = float(stream.duration * stream.time_base) * part
    seconds = min(seconds, _MAX_SKIPPED_S) if part == _SKIPPED_PART else seconds
    with suppress(OSError, ValueError):
        video.seek(int(seconds / stream.time_base), stream=stream)
        return True
    return False


def _upright(frame: Any) -> Image.Image:
    """The picture of a frame, rotated by its rotation (counter-clockwise, in degrees), which the decoder does not apply."""
    picture: Image.Image = frame.to_image()
    degrees = round(getattr(frame, "rotation", 0) or 0) % 360
    return picture.rotate(degrees, expand=True) if degrees else picture
