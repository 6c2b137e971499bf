"""Extracts a still from a video: the first frame after the beginning that is not black, upright.

It runs only in worker processes. PyAV (FFmpeg) decodes the formats of phones.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import Any, Final

from PIL import Image, ImageStat

from pictures.decoding import MAX_PIXELS, UnrenderableImage

_MAX_FRAMES: Final = 48
_BLACK_LEVEL: Final = 12
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
        _skip_beginning(video, stream)
        best: Image.Image | None = None
        for frame in islice(video.decode(stream), _MAX_FRAMES):
            best = _upright(frame)
            if ImageStat.Stat(best.convert("L").resize((16, 16))).mean[0] > _BLACK_LEVEL:
                break
        if best is None:
            raise UnrenderableImage("has no picture that can be decoded")
        return best


def _skip_beginning(video: Any, stream: Any) -> None:
    """Seeks past the beginning, which is often black or shaken; does nothing if the video has no index."""
    if stream.duration and stream.time_base:
        seconds = min(float(stream.duration * stream.time_base) * _SKIPPED_PART, _MAX_SKIPPED_S)
        with suppress(OSError, ValueError):
            video.seek(int(seconds / stream.time_base), stream=stream)


def _upright(frame: Any) -> Image.Image:
    """The picture of a frame, rotated by its rotation (counter-clockwise, in degrees), which the decoder does not apply."""
    picture: Image.Image = frame.to_image()
    degrees = round(getattr(frame, "rotation", 0) or 0) % 360
    return picture.rotate(degrees, expand=True) if degrees else picture
