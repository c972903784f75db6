"""YAML text -> plain values with places, and every fault of a file at once."""

import itertools

import pytest

from monitor.errors import FaultyFileError, Place
from monitor.yamltext import MAX_CHARACTERS, did_you_mean, read_yaml


def faults(text: str) -> list[str]:
    with pytest.raises(FaultyFileError) as caught:
        read_yaml(text, file="f.yml")
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "word", ["ON", "on", "NO", "no", "yes", "y", "off", "22:30", "1_000", "2020-01-01", "="]
)
def test_words_that_yaml_1_1_would_turn_into_something_else_stay_text(word: str) -> None:
    assert read_yaml(f"key: {word}", file="f.yml").value == {"key": word}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("12", 12),
        ("010", 10),
        ("0o17", 15),
        ("1.5", 1.5),
        ("~", None),
        ('"1"', "1"),
    ],
)
def test_numbers_and_truth_are_those_of_yaml_1_2(text: str, value: object) -> None:
    found = read_yaml(f"key: {text}", file="f.yml").value["key"]

    assert found == value
    assert type(found) is type(value)


def test_an_empty_text_is_nothing() -> None:
    assert read_yaml("", file="f.yml").value is None


def test_every_value_and_key_knows_its_place() -> None:
    document = read_yaml("a: 1\nrules:\n  low:\n    when: 'x > 1'\n    list: [7, 8]\n", file="f.yml")

    assert document.place(("rules", "low", "when")) == Place("f.yml", 4, 11)
    assert document.key_place(("rules", "low", "when")) == Place("f.yml", 4, 5)
    assert document.place(("rules", "low", "list", 1)) == Place("f.yml", 5, 15)
    assert document.quoted(("rules", "low", "when")) == 1
    assert document.quoted(("a",)) == 0


def test_what_has_no_place_of_its_own_stands_where_the_nearest_thing_around_it_stands() -> None:
    document = read_yaml("a:\n  b: {c: 1}\n", file="f.yml")

    assert document.place(("a", "b", "missing", "further")) == Place("f.yml", 2, 6)
    assert document.key_place(("a", "missing")) == Place("f.yml", 2, 3)


def test_texts_over_several_lines_are_known_as_such() -> None:
    document = read_yaml("a: >-\n  one\nb: one\n  two\nc: one\n", file="f.yml")

    assert document.folded == {("a",), ("b",)}


def test_each_key_given_twice_is_a_fault_where_it_stands_again() -> None:
    assert faults("a: 1\nb: {c: 1, c: 2}\na: 3\n") == [
        'f.yml:2:11: the key "c" is given twice',
        'f.yml:3:1: the key "a" is given twice',
    ]


def test_a_fault_in_an_anchor_is_told_once_however_often_it_is_used() -> None:
    assert faults("a: &a {x: 1, x: 2}\nb: *a\nc: {<<: *a}\n") == ['f.yml:1:14: the key "x" is given twice']


def test_a_merge_key_takes_in_what_the_mapping_does_not_say_itself() -> None:
    text = "base: &base {one: 1, two: 2}\nown:\n  two: mine\n  <<: *base\n"

    document = read_yaml(text, file="f.yml")

    assert document.value["own"] == {"one": 1, "two": "mine"}
    assert document.place(("own", "two")) == Place("f.yml", 3, 8)
    assert document.place(("own", "one")) == Place("f.yml", 1, 19)


def test_of_several_merged_mappings_the_first_wins() -> None:
    text = "a: &a {x: a, y: a}\nb: &b {x: b, z: b}\nc: {<<: [*a, *b]}\n"

    assert read_yaml(text, file="f.yml").value["c"] == {"x": "a", "y": "a", "z": "b"}


def test_merge_keys_one_after_another_add_up() -> None:
    text = "a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b\n"

    assert read_yaml(text, file="f.yml").value["c"] == {"x": 1, "y": 2}


def test_a_merge_key_takes_mappings_only() -> None:
    assert faults("a: {<<: 3}\n") == ["f.yml:1:9: `<<` takes a mapping, such as *defaults"]


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a {<<: *a}\n"])
def test_an_alias_that_contains_itself_is_refused(text: str) -> None:
    assert faults(text) == ["f.yml: not YAML: an alias contains itself"]


@pytest.mark.parametrize("shape", ["[{}]", "{{<<: [{}]}}"])
def test_a_small_text_that_aliases_make_huge_is_refused(shape: str) -> None:
    letters = "abcdefghijklmnop"
    lines = ["a: &a {}"]
    for before, letter in itertools.pairwise(letters):
        lines.append(f"{letter}: &{letter} {shape.format(','.join([f'*{before}'] * 9))}")

    assert faults("\n".join(lines)) == ["f.yml: not YAML: too many values"]


@pytest.mark.parametrize("text", ["[" * 300_000 + "]" * 300_000, "- " * 300_000 + "x", "[" * 101 + "]" * 101])
def test_deep_nesting_is_refused_and_does_not_end_the_process(text: str) -> None:
    assert faults(text) == ["f.yml: not YAML: nested more than 100 deep"]


def test_a_text_that_is_too_long_is_refused() -> None:
    assert faults("#" * (MAX_CHARACTERS + 1)) == ["f.yml: the file has over 2,000,000 characters; split it"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [1, 2\n", "f.yml:2:1: not YAML: did not find expected ',' or ']'"),
        ("a:\n\tb: 1\n", "f.yml:2:1: not YAML: a tab at the beginning of the line; indent with spaces"),
        ("a: *nothing\n", "f.yml:1:4: not YAML: found undefined alias"),
        ("a: 1\n---\nb: 2\n", "f.yml:2:1: not YAML: but found another document"),
        ("a: !!python/name:os.system x\n", "f.yml:1:4: not YAML: could not determine a constructor"),
        ("a: \x00\n", "f.yml: not YAML: unacceptable character #x0000"),
        ("a: \ud800\n", "f.yml: not YAML: 'utf-8' codec can't encode"),
        ("? [a, b]\n: 1\n", "f.yml:1:3: a key must be a word"),
    ],
)
def test_what_is_not_yaml_is_told_with_its_place(text: str, fault: str) -> None:
    (found,) = faults(text)

    assert found.startswith(fault)


def test_did_you_mean_answers_only_when_a_word_is_close() -> None:
    assert did_you_mean("slver", ["gold", "silver"]) == 'did you mean "silver"?'
    assert did_you_mean("tin", ["gold", "silver"]) is None
    assert did_you_mean("gdc", ["sfr", "gdx"]) == 'did you mean "gdx"?'
    assert did_you_mean("gsr", ["sfr", "gdx"]) is None
