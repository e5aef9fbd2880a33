"""The estimators behind every number in a verdict. numpy and scipy only.

| question | estimator | source |
|---|---|---|
| how often? | Wilson score interval | Wilson 1927; Brown, Cai, DasGupta 2001 |
| on average over trainings? | Student's t interval over seeds | Student 1908 |
| did it change on the same probes? | exact test, labels swapped by family | Fisher 1935 |
| more than the control? | the same on the difference in differences | Donald & Lang 2007 |
| the same, with few families | also: t test over families' means | Ibragimov & Müller 2010 |
| over all questions asked | Holm's step-down adjustment | Holm 1979 |
| what would have been reported? | power of the whole rule | `inspector.stats.power` |

docs/statistics.md explains them to people who are no statisticians.
"""

from inspector.stats.multiple import holm
from inspector.stats.paired import MIN_FAMILIES, clustered_p_values, sign_flip
from inspector.stats.power import Asked, Rule, rate_of_damage, rate_of_phrase, smallest_called_rate
from inspector.stats.rates import mean_interval, wilson

__all__ = [
    "MIN_FAMILIES",
    "Asked",
    "Rule",
    "clustered_p_values",
    "holm",
    "mean_interval",
    "rate_of_damage",
    "rate_of_phrase",
    "sign_flip",
    "smallest_called_rate",
    "wilson",
]
