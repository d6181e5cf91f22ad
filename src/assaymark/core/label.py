"""Labels: where the labels of the source came from, and how often they are wrong."""

from __future__ import annotations

from pydantic import Field

from assaymark.core.document import Document, decimal

__all__ = ["LabelSource", "LabelSpec"]


class LabelSource(Document):
    """What a release says of one label column, as signed; ``words`` is the sentence for people."""

    column: str
    how: str
    measured_error: str = ""
    reference: str = ""
    words: str


class LabelSpec(Document):
    """Where the labels in ``column`` come from, as ``[[label]]`` of a recipe says.

    ``how`` is in words, such as "clinical coding" or "two readers"; ``measured_error`` the share of
    labels that a check found wrong, in [0, 1], and ``reference`` where that is written. A label
    whose error nobody measured has neither.
    """

    column: str
    how: str = Field(min_length=1, max_length=200)
    measured_error: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    reference: str = Field(default="", max_length=300)

    @property
    def words(self) -> str:
        """The label's origin as one sentence."""
        said = f"Labels in {self.column!r} come from {self.how}; "
        if self.measured_error is None:
            said += "how many of them are wrong was not measured"
        else:
            said += f"{100 * self.measured_error:.3g} % of them were found wrong"
        return f"{said} ({self.reference})." if self.reference else f"{said}."

    def source(self) -> LabelSource:
        """Return what a release says of it."""
        return LabelSource(
            column=self.column,
            how=self.how,
            measured_error=decimal(self.measured_error) or "",
            reference=self.reference,
            words=self.words,
        )
