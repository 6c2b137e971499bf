"""A still of a film: the first picture after its beginning that is not black, upright. Runs in worker processes only.

PyAV is FFmpeg's libraries with Python around them; nothing else that is maintained opens what phones record.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import Any, Final

from PIL import Image, ImageStat

from pictures.decoding import MOST_PIXELS, UnrenderableImage

_LOOKED_AT: Final = 48
_BLACK: Final = 12
_PART: Final = 0.1
_LATEST_S: Final = 3.0


def still(path: str) -> Image.Image:
    """Raises `Unshowable`, or whatever FFmpeg says of a broken film."""
    import av

    with av.open(path, metadata_errors="ignore") as film:
        if not film.streams.video:
            raise UnrenderableImage("has no picture")
        stream = film.streams.video[0]
        if stream.width * stream.height > MOST_PIXELS:
            raise UnrenderableImage("has more pixels than can be shown")
        stream.thread_count = 1
        _skip_beginning(film, stream)
        best: Image.Image | None = None
        for frame in islice(film.decode(stream), _LOOKED_AT):
            best = _upright(frame)
            if ImageStat.Stat(best.convert("L").resize((16, 16))).mean[0] > _BLACK:
                break
        if best is None:
            raise UnrenderableImage("has no picture that can be decoded")
        return best


def _skip_beginning(film: Any, stream: Any) -> None:
    """Films begin black or shaken. Where there is no index to go by, the beginning must do."""
    if stream.duration and stream.time_base:
        seconds = min(float(stream.duration * stream.time_base) * _PART, _LATEST_S)
        with suppress(OSError, ValueError):
            film.seek(int(seconds / stream.time_base), stream=stream)


def _upright(frame: Any) -> Image.Image:
    """The film's own turn, counter-clockwise in degrees, is not applied by the decoder."""
    picture: Image.Image = frame.to_image()
    turn = round(getattr(frame, "rotation", 0) or 0) % 360
    return picture.rotate(turn, expand=True) if turn else picture
