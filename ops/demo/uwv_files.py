"""Files of UWV about invented persons, and what goes wrong with such files."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

MODES = ("ok", "slow", "truncated", "malformed", "duplicate", "out-of-order")
"""What the dial of the giver of files can stand on."""
_COLUMNS = (
    "PERSOONSGEBONDENNUMMER;GESLACHTSNAAM;VOORVOEGSEL;VOORNAMEN;GEBOORTEDATUM;OVERLIJDENSDATUM;STRAATNAAM;HUISNUMMER;"
    "HUISNUMMERTOEVOEGING;POSTCODE;WOONPLAATS;GEMEENTECODE;INDICATIEGEHEIM;TELEFOONNUMMER;DATUMMELDING;BEGELEIDINGUWV;"
    "DATUMAANVRAAGWW;UITKERINGUWV;INKOMENUITWERK;BESLUITWAJONG;DOELGROEPREGISTER;ADVIESBESCHUTWERK;STARTKWALIFICATIE"
)
_TOLD = (  # referral, WW begun, WW ended, Wajong refused, Wajong granted, doelgroepregister
    "20261102;N;;;N;;;;N",
    ";N;20261019;BEGONNEN;N;;;;N",
    ";N;;GEEINDIGD;;;;;N",
    ";N;;N;;AFGEWEZEN;;NEGATIEF;N",
    ";J;;J;;TOEGEKEND;;;N",
    ";J;;;;;OPGENOMEN;POSITIEF;N",
)


def give(folder: Path, mode: str, rows: int, seed: int, seconds: float = 0.2) -> list[Path]:
    """Writes a file into `folder`, or two where the mode is about two; gives where. It has its name only once it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [_COLUMNS, *_rows(rows, seed)]
    content = "\r\n".join(lines) + "\r\n"
    names = [f"uwv-{seed:06d}.csv"]
    if mode == "truncated":
        content = content[: -len(lines[-1]) // 2 - 2]
    elif mode == "malformed":
        content = content.replace("GEBOORTEDATUM", "GEBOREN", 1)
    elif mode == "duplicate":
        names.append(f"uwv-{seed:06d}-nogmaals.csv")
    elif mode == "out-of-order":
        return [*give(folder, "ok", rows, seed + 1), *give(folder, "ok", rows, seed)]
    return [_write(folder / name, content.encode(), seconds if mode == "slow" else 0.0) for name in names]


def _rows(count: int, seed: int) -> Iterator[str]:
    dice = random.Random(seed)
    for number in _numbers(count, 999_900_000 + seed * 11_003 % 80_000):
        born = f"{dice.randint(2001, 2007)}{dice.randint(1, 12):02d}{dice.randint(1, 28):02d}"
        home = f"{dice.choice((9001, 9002, 9003))}"
        address = f"Dijk;{dice.randint(1, 99)};;9001AB;Dorp;{home};N;"
        yield f"{number};Verzonnen;;Jip;{born};;{address};{dice.choice(_TOLD)}"


def _numbers(count: int, start: int) -> Iterator[str]:
    """Numbers of the range for tests that pass the elfproef."""
    number = start
    while count:
        digits = [int(each) for each in str(number)]
        if (sum(digit * weight for digit, weight in zip(digits, range(9, 1, -1), strict=False)) - digits[8]) % 11 == 0:
            count -= 1
            yield str(number)
        number += 1


def _write(path: Path, content: bytes, pause_s: float) -> Path:
    early = path.with_suffix(".part")
    with early.open("wb") as file:
        for at in range(0, len(content), 256):
            file.write(content[at : at + 256])
            if pause_s:
                file.flush()
                time.sleep(pause_s)
    return early.replace(path)
