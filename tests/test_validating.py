"""Plain values with places -> a model, or every fault with what was expected."""

import pytest
from pydantic import BaseModel, ConfigDict, Field

from monitor.errors import FaultyFileError
from monitor.validating import validate
from monitor.yamltext import read_yaml


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    when: str
    for_: int = Field(default=1, alias="for")


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pack: str
    rules: dict[str, Inner] = {}


def model_faults(text: str) -> list[str]:
    with pytest.raises(FaultyFileError) as caught:
        validate(read_yaml(text, file="f.yml"), Outer)
    return [str(fault) for fault in caught.value.faults]


def test_a_document_that_fits_becomes_the_model() -> None:
    found = validate(read_yaml("pack: p\nrules: {a: {when: x, for: 3}}\n", file="f.yml"), Outer)

    assert found.rules["a"].for_ == 3


def test_an_unknown_key_is_told_with_the_key_that_was_meant() -> None:
    assert model_faults("pack: p\nrules:\n  low:\n    wehn: x\n    when: x\n    fpr: 3\n") == [
        'f.yml:4:5: rule "low": unknown key "wehn"; did you mean "when"?',
        'f.yml:6:5: rule "low": unknown key "fpr"; did you mean "for"?',
    ]


def test_an_unknown_key_unlike_any_other_is_told_with_the_keys_of_its_place() -> None:
    assert model_faults("pack: p\nzzz: 1\nrules: {a: {when: x, rles: 1}}\n") == [
        'f.yml:2:1: unknown key "zzz"; known keys: pack, rules',
        'f.yml:3:22: rule "a": unknown key "rles"; known keys: for, when',
    ]


def test_a_key_of_another_place_is_told_to_be_that() -> None:
    assert model_faults("pack: p\nrules: {a: {when: x, pack: p}}\n") == [
        'f.yml:2:22: rule "a": the key "pack" does not belong here; it belongs into another part of the file',
    ]


def test_a_value_of_another_form_is_told_with_the_form() -> None:
    class Coded(BaseModel):
        currency: str = Field(pattern="^[A-Z]{3}$")

    with pytest.raises(FaultyFileError, match=r"\{3\}\$'; got 'usd'"):
        validate(read_yaml("currency: usd\n", file="f.yml"), Coded)


def test_missing_keys_and_wrong_values_are_told_together_in_the_order_of_the_file() -> None:
    assert model_faults("rules:\n  a: {for: 3}\n  b: {when: x, for: many}\n  c: 5\n") == [
        'f.yml:1:1: the key "pack" is missing',
        'f.yml:2:6: rule "a": the key "when" is missing',
        'f.yml:3:21: rule "b": "for": expected a whole number; got \'many\'',
        'f.yml:4:6: rule "c": "c": expected a mapping; got 5',
    ]
