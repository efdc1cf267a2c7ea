"""Select, word and draw safe numbers; never calculate. What a notebook may call, and nothing else."""

from .cover import cover, key_figures
from .figures import figure_of_categories, figure_of_perpetrators, figure_of_places, figure_of_trend, figure_of_victims
from .sections import (
    box_on_gbv,
    method,
    sentence_on_alerts,
    sentence_on_children,
    sentence_on_entry_source,
    sentence_on_mines,
    table_of_movements,
    table_of_population_groups,
    table_of_presence,
    table_of_recommendations,
    table_of_referrals,
)
from .texts import written

__all__ = [
    "box_on_gbv",
    "cover",
    "figure_of_categories",
    "figure_of_perpetrators",
    "figure_of_places",
    "figure_of_trend",
    "figure_of_victims",
    "key_figures",
    "method",
    "sentence_on_alerts",
    "sentence_on_children",
    "sentence_on_entry_source",
    "sentence_on_mines",
    "table_of_movements",
    "table_of_population_groups",
    "table_of_presence",
    "table_of_recommendations",
    "table_of_referrals",
    "written",
]
