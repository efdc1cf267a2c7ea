"""The balance of a snapshot: rows read = rows that count + rows left out by reason + rows refused by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from .files import rows_named
from .reading import Fault

if TYPE_CHECKING:
    from .registry import Received

WITHOUT_CONSENT = "sans consentement : jamais gardées"


@dataclass(frozen=True)
class Balance:
    """`read` rows = `kept` + the sum of `left_out` + `refused_rows`.

    `left_out`: rows that rightly do not count, by reason (sent twice, not approved, without consent…); `refused`: rows
    that break a rule (a row may break several); `set_aside`: cells that were left blank; their rows count. `noted`: what
    has to be known of some of the rows kept.
    """

    read: int
    kept: int
    refused_rows: int
    left_out: dict[str, int]
    refused: tuple[Fault, ...]
    set_aside: tuple[Fault, ...]
    noted: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        received: Received,
        left_out: Mapping[str, int],
        refused: Sequence[Fault],
        set_aside: Sequence[Fault] = (),
        noted: Mapping[str, int] | None = None,
    ) -> Balance:
        """From what was read of the files and what the builder left out, refused or set aside afterwards."""
        at_reading = received.read - received.without_consent - received.kept
        refused_rows = at_reading + sum(f.count for f in refused)
        out = ({WITHOUT_CONSENT: received.without_consent} if received.without_consent else {}) | dict(left_out)
        kept = received.read - refused_rows - sum(out.values())
        aside = (*received.set_aside, *set_aside)
        return cls(received.read, kept, refused_rows, out, (*received.refused, *refused), aside, dict(noted or {}))

    def lines(self) -> list[str]:
        """The balance as it is read, one line per reason."""
        out = [
            f"  {self.read} lignes lues = {self.kept} gardées + {sum(self.left_out.values())} laissées de côté + {self.refused_rows} refusées"
        ]
        out += [f"  laissées de côté : {count} {reason}" for reason, count in self.left_out.items() if count]
        out += [f"  gardées, à savoir : {count} {what}" for what, count in self.noted.items() if count]
        out += [f"  refusées : {f.words}, {rows_named(f.rows, f.count)}" for f in self.refused]
        out += [f"  cases laissées vides : {f.words}, {rows_named(f.rows, f.count)}" for f in self.set_aside]
        return out

    def summary(self) -> dict[str, int]:
        """What a page or a manifest may say of it: sums only. Reasons stay inside: a few refusals could tell where."""
        left = sum(self.left_out.values())
        return {"read": self.read, "kept": self.kept, "left_out": left, "refused": self.refused_rows}

    def to_dict(self) -> dict:
        """As JSON keeps it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping) -> Balance:
        """What `to_dict` wrote."""
        faults = {
            name: tuple(Fault(**(f | {"rows": tuple(f["rows"])})) for f in given[name])
            for name in ("refused", "set_aside")
        }
        left_out, noted = dict(given["left_out"]), dict(given["noted"])
        return cls(given["read"], given["kept"], given["refused_rows"], left_out, **faults, noted=noted)
