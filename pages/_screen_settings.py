"""How a screening tunes and how it ranks: the few settings that matter."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from inspector.records import FineTune, Method, RankSettings

METHODS = {"LoRA adapter": Method.LORA, "All weights": Method.FULL}


def tuning() -> FineTune:
    """How the model is tuned on the set; its data are still to be named."""
    from inspector.screen.asking import FULL_RATE, TUNING

    with st.expander("How it is tuned", icon=":material/model_training:"):
        left, right = st.columns(2, gap="medium")
        method = METHODS[
            left.selectbox(
                "Method",
                list(METHODS),
                key="tuning_method",
                help="What your users do: train an adapter, or all weights. An adapter is ranked "
                "in a fraction of the time.",
            )
        ]
        steps = right.number_input(
            "Steps",
            1,
            100_000,
            TUNING.steps,
            key="tuning_steps",
            help=f"Each trains on {TUNING.effective_batch} examples. So many that the whole set is "
            "seen once is usual.",
        )
        usual = TUNING.learning_rate if method is Method.LORA else FULL_RATE
        rate = left.number_input(
            "Learning rate",
            value=usual,
            format="%g",
            step=usual / 10,
            key=f"tuning_rate_{method}",
        )
        length = right.number_input(
            "Tokens of an example, at most",
            16,
            131_072,
            TUNING.max_length,
            key="tuning_length",
            help="What is longer is cut, and not ranked where its answer begins later.",
        )
    return replace(TUNING, method=method, steps=steps, learning_rate=rate, max_length=length)


def ranking() -> RankSettings:
    """How examples are ranked: the few settings that matter."""
    from inspector.screen.telling import RANKERS

    usual = RankSettings()
    with st.expander("How it ranks", icon=":material/sort:"):
        name = st.selectbox(
            "Ranker", list(RANKERS), key="ranker", format_func=lambda k: RANKERS[k].word
        )
        st.caption(RANKERS[name].help)
        left, right = st.columns(2, gap="medium")
        z = left.number_input(
            "Suspect from",
            value=usual.suspect_z,
            min_value=0.5,
            step=0.5,
            format="%g",
            key="suspect_z",
            help="Robust standard deviations above the set's middle. Lower: more suspects, more of "
            "them ordinary.",
        )
        n = right.number_input(
            "Answers asked about, at most", 1, 1000, usual.max_queries, key="max_queries"
        )
        candidates = st.number_input(
            "Score only the nearest",
            min_value=2,
            value=None,
            placeholder="All examples",
            key="n_candidates",
            help="For sets too large to score whole: so many examples that share most words with "
            "the answers, and as many at random.",
        )
    return replace(usual, ranker=name, suspect_z=z, max_queries=n, n_candidates=candidates)
