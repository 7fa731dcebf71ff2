"""Draw the picture of the sample release anew: python samples/draw_marisol.py (needs Pillow).

A ferry that does not exist crosses a sound that does not exist. The same bytes come out each time
with the same Pillow; under this repository's licence, like all of it.
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1200, 675
SCALE = 2  # drawn larger, then made smaller: smooth edges
SEA = 430

FILE = Path(__file__).parent / "lanternfish" / "marisol.png"


def scaled(*numbers: float) -> list[float]:
    return [number * SCALE for number in numbers]


def draw() -> Image.Image:
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "#10203c")
    pen = ImageDraw.Draw(image)
    for number in range(40):  # stars, always in the same places
        x, y = (number * 331) % WIDTH, (number * 197) % (SEA - 90)
        pen.ellipse(scaled(x, y, x + 2, y + 2), fill="#c9d6ee")
    pen.ellipse(scaled(930, 70, 1030, 170), fill="#f4e9c1")
    pen.ellipse(scaled(960, 56, 1060, 156), fill="#10203c")
    pen.polygon(scaled(0, SEA, 0, 400, 160, 372, 330, 410, 470, SEA), fill="#0b1730")
    pen.rectangle(scaled(0, SEA, WIDTH, HEIGHT), fill="#16335a")
    for row in range(9):  # waves
        y = SEA + 34 + row * 25
        points = [(x, y + 4 * math.sin(x / 34 + row * 1.9)) for x in range(0, WIDTH + 8, 8)]
        pen.line([tuple(scaled(*point)) for point in points], fill="#1f4474", width=2 * SCALE)
    ship(pen)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def ship(pen: ImageDraw.ImageDraw) -> None:
    pen.polygon(scaled(300, 392, 900, 392, 858, 468, 356, 468), fill="#e6edf5")
    pen.polygon(scaled(330, 436, 880, 436, 858, 468, 356, 468), fill="#2f7f86")
    pen.rectangle(scaled(370, 338, 830, 392), fill="#f7fafc")
    pen.rectangle(scaled(440, 292, 720, 338), fill="#e6edf5")
    pen.rectangle(scaled(640, 256, 720, 292), fill="#f7fafc")
    for left in range(384, 816, 36):
        pen.rounded_rectangle(scaled(left, 352, left + 22, 376), 4 * SCALE, fill="#ffd978")
    for left in range(454, 700, 36):
        pen.rounded_rectangle(scaled(left, 304, left + 22, 324), 4 * SCALE, fill="#ffd978")
    pen.line(scaled(560, 292, 560, 216), fill="#e6edf5", width=5 * SCALE)
    pen.ellipse(scaled(551, 202, 569, 220), fill="#ffd978")
    for left in range(384, 816, 36):  # what the windows throw on the water
        pen.line(scaled(left + 11, 486, left + 11, 540), fill="#8f8a63", width=3 * SCALE)


if __name__ == "__main__":
    drawn = draw().quantize(64, dither=Image.Dither.NONE)
    drawn.save(FILE, optimize=True)
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")
