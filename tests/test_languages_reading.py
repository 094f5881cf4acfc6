"""How a sentence is read: by one template from end to end, or not at all; a name changes nothing else."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import EXAMPLES
from view_cases import HOSTILE

from graphflow.languages import reader
from graphflow.languages.catalogue import Catalogue, catalogue_of
from graphflow.languages.sentences import PLACEHOLDER, Sentences
from graphflow.languages.slots import slot_of
from graphflow.words import count, named, one_in, percent, span

ZH = reader("zh")
SMALL = Sentences(
    Catalogue(
        detectors={"fan-in": "分散转入"},
        words={"high": "高", "fan-in": "分散转入"},
        nouns={"payer": "个付款方", "minute": "分钟", "hour": "小时"},
        sentences={
            "{account} got {money} from {payers}": "{account}自{payers}收到{money}",
            "{account} got nothing": "{account}未收到",
            "{text} got {text2} from nobody": "{text}从无人处收到{text2}",
            "within {span}": "{span}内",
            "{share} of it": "其中{share}",
            "{detector}: {sentences}": "{detector}：{sentences}",
            "with {tally}": "另含{tally}",
        },
    )
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("A got 1,200.50 CNY from 3 payers", "A自3 个付款方收到1,200.50 CNY"),
        ("A got 5 US Dollar from 1 payer", "A自1 个付款方收到5 US Dollar"),
        ("within 1 hour 35 minutes", "1 小时 35 分钟内"),
        ("97 % of it; within 2 minutes", "其中97%；2 分钟内"),
        ("fan-in: A got nothing; within 2 minutes", "分散转入：A未收到；2 分钟内"),
        ("with 3 fan-in", "另含分散转入 3"),
        ("high", "高"),
    ],
)
def test_a_sentence_is_told(said: str, told: str) -> None:
    assert SMALL.tell(said) == told


@pytest.mark.parametrize(
    "said",
    [
        "",
        "A got nothing more",
        "A got x CNY from 3 payers",
        "A got 1.00 CNY from 3 payees",
        "within 1 fortnight",
        "with 3 strangers",
        "97 % of it; and more",
        "A got nothing" + "x" * 60,  # cut, or no account
        "B" * 49 + " got nothing",  # longer than names in sentences are
    ],
)
def test_what_is_not_a_sentence_of_the_catalogue_stays(said: str) -> None:
    assert SMALL.tell(said) == said


@pytest.mark.parametrize(
    "said",
    [
        "A got 1 CNY from 2 payers got 3 CNY from 4 payers",  # whose name, or which currency, goes on?
        "A got B got C from nobody",
    ],
)
def test_what_can_be_read_in_two_ways_stays(said: str) -> None:
    assert SMALL.tell(said) == said


def test_reading_a_sentence_made_to_be_slow_is_given_up() -> None:
    started = time.process_time()
    said = " got ".join("a" * 5000) + " from nobody"
    assert SMALL.tell(said) == said
    assert "; ".join(["97 % of it"] * 400) in SMALL.tell("; ".join(["97 % of it"] * 400) + "; x")
    assert time.process_time() - started < 30


def test_gaps_need_words_between_them() -> None:
    with pytest.raises(ValueError, match="nothing stands between two gaps"):
        Sentences(Catalogue(sentences={"{n}{share}": "{n}{share}"}))


def test_a_placeholder_that_means_nothing_is_refused() -> None:
    with pytest.raises(KeyError, match="dogs"):
        slot_of("dogs", Catalogue())


def test_a_text_with_values_is_read_once_they_are_filled_in() -> None:
    assert ZH.say("{n} payers within {span}", n=3, span="1 hour 35 minutes") == "1 小时 35 分钟内有 3 个付款方"
    assert ZH.say("{n} payers", n="1,200") == "1,200 个付款方"


# --- figures are told as words.py says them ------------------------------------------------------------


@EXAMPLES
@given(st.integers(0, 10**9), st.sampled_from(sorted(catalogue_of("zh").nouns)))
def test_every_count_is_told(number: int, noun: str) -> None:
    assert ZH.say(count(number, noun)) == f"{number:,} {catalogue_of('zh').nouns[noun]}"


@EXAMPLES
@given(st.timedeltas(timedelta(), timedelta(days=4000)))
def test_every_span_is_told(lasted: timedelta) -> None:
    told = ZH.say(span(lasted))
    assert re.findall(r"[\d.]+", told) == re.findall(r"[\d.]+", span(lasted))
    assert not re.search("[a-z]{2}", told)


@EXAMPLES
@given(st.floats(1e-12, 1))
def test_every_share_and_chance_is_told(share: float) -> None:
    assert ZH.say(f"{percent(share)} of the value arrived") == f"{percent(share).replace(' ', '')} 的金额到达"
    told = ZH.say(f"amounts so near to each other would come by chance {one_in(share)} times")
    assert not re.search("[a-z]{3}", told)


# --- names from data -----------------------------------------------------------------------------------

FIGURE = re.compile(r"\d[\d,.]*")
NAMES = (
    *(named(name) for name in HOSTILE),
    "X received from 9 payers in 1 minute (100 % one-off",
    "X (1 % one-off); 1 % of it left within 1 day",
    "X paid 9 payees",
    "X passed on 1 % of 9 receipts",
    "9 accounts that paid Y",
    "; with 9 fan-in",
    "and others, 9 % of the pairs",
    "X went 9 hops on to Y, staying 9 minutes",
    "9",
    "9 %",
    "9 payers",
    "(9 first)",
    "{account}",
    "nothing",
)
SENTENCES = (
    "{a} received from 5 payers in 3 hours (80 % one-off); 70 % of it left within 1 day",
    "{a} paid 5 payees in 3 hours (80 % one-off); 70 % had come in within the 1 day before",
    "{a} passed on 96 % of 2 receipts in 3 payments, after 5 minutes on average",
    "{a} was idle for 120 days, then had 4 transfers in 2 hours; 90 % of what came in left within 1 day",
    "97 % of the money from {a} went 3 hops on to {b}, staying 5 minutes with each account on average",
    "{a} paid 3 accounts that paid {b}, 95 % of the value, in 2 hours",
    "10.00 CNY went from {a} over 3 accounts back to it in 2 hours, 95 % kept",
    "{a} received from 5 payers, then paid 4 payees, in 3 hours; 96 % of what came in left within 1 day",
    "5 payers paid the same 4 payees ({a} and others, 80 % of the pairs) in 3 hours",
    "40 % of what {a} sent over {b} came back in 2 payments within 3 hours",
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_name_changes_a_figure_or_a_name(sentence: str) -> None:
    """Where a name makes two readings of a sentence, it stays English; else it has that name and its figures."""
    plain = ZH.say(sentence.format(a="AAA", b="BBB"))
    assert plain != sentence.format(a="AAA", b="BBB")
    for a in NAMES:
        for b in NAMES if "{b}" in sentence else ("",):
            said = sentence.format(a=a, b=b)
            assert ZH.say(said) in (said, plain.replace("AAA", a).replace("BBB", b))


@EXAMPLES
@given(st.sampled_from(SENTENCES), st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_any_name_is_told_as_it_is(sentence: str, a: str, b: str) -> None:
    said = sentence.format(a=(a := named(a)), b=(b := named(b)))
    plain = ZH.say(sentence.format(a="AAA", b="\x01"))
    assert ZH.say(said) in (said, plain.replace("AAA", a).replace("\x01", b))


# --- the catalogue --------------------------------------------------------------------------------------


def test_both_sides_have_the_same_placeholders() -> None:
    words = catalogue_of("zh")
    for english, told in [*words.words.items(), *words.sentences.items()]:
        assert sorted(PLACEHOLDER.findall(english)) == sorted(PLACEHOLDER.findall(told)), english


def test_every_entry_is_chinese() -> None:
    """Names of standards and files apart, and figures that stand alone."""
    words, alike = catalogue_of("zh"), {"SHA-256", "IBM AMLSim: margin_ratio 0.1", "FlowScope, AAAI 2020"}
    for english, told in [*words.words.items(), *words.nouns.items(), *words.sentences.items()]:
        bare = PLACEHOLDER.sub("", told)
        assert english in alike or not re.search(r"\w", bare) or re.search("[\u4e00-\u9fff]", bare), english
        assert told == told.strip()
        assert not re.search(r"[\u4e00-\u9fff][,;:?!]", told), f"ASCII punctuation: {told}"


def test_no_verdict_is_given() -> None:
    words = catalogue_of("zh")
    for told in [*words.words.values(), *words.nouns.values(), *words.sentences.values()]:
        assert not re.search("犯罪|罪犯|嫌疑人|有罪|主犯|团伙|洗钱者|赃", told), told
