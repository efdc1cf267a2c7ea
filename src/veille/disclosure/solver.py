"""Linear and integer programs for HiGHS: one thread, the same answer each time, and no answer unless it is certain.

Used by `protect` and, for other questions, by `audit`; they share nothing else.
"""

from __future__ import annotations

import highspy
import numpy as np

from ..errors import DisclosureRefused

INFINITY = highspy.kHighsInf
SECONDS = 60.0
_OPTIONS = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 1,
    "solver": "simplex",
    "parallel": "off",
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.0,
}


class SolverFailed(DisclosureRefused):
    """The solver did not finish with a certain answer: nothing is published."""

    def __init__(self, status: str) -> None:
        super().__init__(
            f"Le solveur de protection ne conclut pas ({status}) : rien n’est publié.",
            "Relancez veille data ; si le refus revient, signalez-le avec ce message.",
        )


class Program:
    """Rows `lower <= A x <= upper` over columns with bounds, costs to minimise, and integrality on demand.

    `matrix` is (starts, columns, values), row by row. Many like questions about one system cost little each: every one
    starts from the basis of the last answer, or from that of `anchor`.
    """

    def __init__(
        self,
        matrix: tuple[np.ndarray, np.ndarray, np.ndarray],
        rows: tuple[np.ndarray, np.ndarray],
        columns: tuple[np.ndarray, np.ndarray],
        cost: np.ndarray,
    ) -> None:
        starts, index, values = matrix
        self._numbers(values, *rows, *columns, cost)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(cost), len(rows[0])
        lp.col_cost_ = np.asarray(cost, dtype=np.float64)
        lp.col_lower_, lp.col_upper_ = (np.asarray(c, dtype=np.float64) for c in columns)
        lp.row_lower_, lp.row_upper_ = (np.asarray(r, dtype=np.float64) for r in rows)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.asarray(starts, dtype=np.int32)
        lp.a_matrix_.index_ = np.asarray(index, dtype=np.int32)
        lp.a_matrix_.value_ = np.asarray(values, dtype=np.float64)
        self._highs = highspy.Highs()
        for name, value in _OPTIONS.items():
            self._must(self._highs.setOptionValue(name, value))
        self._must(self._highs.passModel(lp))
        self.columns = len(cost)
        self._start: highspy.HighsBasis | None = None

    @staticmethod
    def _numbers(*given: np.ndarray) -> None:
        """HiGHS takes what is not a number for one, and answers."""
        if any(np.isnan(g).any() for g in given):
            raise SolverFailed("valeur qui n’est pas un nombre")

    @staticmethod
    def _must(status: highspy.HighsStatus) -> None:
        if status != highspy.HighsStatus.kOk:
            raise SolverFailed("appel refusé")

    def bound(self, columns: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """Set the bounds of some columns."""
        self._numbers(lower, upper)
        if len(columns):
            self._must(
                self._highs.changeColsBounds(
                    len(columns),
                    np.asarray(columns, np.int32),
                    np.asarray(lower, np.float64),
                    np.asarray(upper, np.float64),
                )
            )

    def price(self, columns: np.ndarray, cost: np.ndarray) -> None:
        """Set the cost of some columns."""
        self._numbers(cost)
        if len(columns):
            self._must(
                self._highs.changeColsCost(len(columns), np.asarray(columns, np.int32), np.asarray(cost, np.float64))
            )

    def integer(self, yes: bool) -> None:
        """Ask for whole numbers in every column, or no longer."""
        kind = highspy.HighsVarType.kInteger if yes else highspy.HighsVarType.kContinuous
        every = np.arange(self.columns, dtype=np.int32)
        self._must(self._highs.changeColsIntegrality(self.columns, every, np.array([kind] * self.columns)))

    def anchor(self) -> None:
        """From now on every question starts from the state in which all columns are at their lower bounds, not from the last answer.

        When each question asks for a small change of that state, this is the shorter way (measured: a third of the time), and no
        answer depends on what was asked before it.
        """
        self._start = highspy.HighsBasis()
        self._start.col_status = [highspy.HighsBasisStatus.kLower] * self.columns
        self._start.row_status = [highspy.HighsBasisStatus.kBasic] * self._highs.getNumRow()
        self._start.valid = True

    def solve(self) -> np.ndarray | None:
        """The values of the columns at the optimum, or None when no values satisfy the rows.

        Raises SolverFailed on anything but these two, certain, answers.
        """
        # HiGHS counts the time of all its runs together; the limit is for each question.
        self._must(self._highs.setOptionValue("time_limit", self._highs.getRunTime() + SECONDS))
        if self._start is not None:
            self._must(self._highs.setBasis(self._start))
        # Both are looked at: a run may be "ok" and its model "unknown".
        run = self._highs.run()
        status = self._highs.getModelStatus()
        if run == highspy.HighsStatus.kOk and status == highspy.HighsModelStatus.kOptimal:
            found = np.array(self._highs.getSolution().col_value)
            if found.shape != (self.columns,) or not np.isfinite(found).all():
                raise SolverFailed("solution qui n’est pas faite de nombres")
            return found
        if run == highspy.HighsStatus.kOk and status == highspy.HighsModelStatus.kInfeasible:
            return None
        raise SolverFailed(self._highs.modelStatusToString(status))
