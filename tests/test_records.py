from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, field_validator

from disco_pyserini.cards import read_card
from disco_pyserini.errors import InputError
from disco_pyserini.records import FileName, Items, Record, built, read_json, read_yaml
from disco_pyserini.reproduction.recipe import read_recipe
from disco_pyserini.training.config import read_config, read_siamese_config


@dataclass(frozen=True)
class Scale:
    factor: float = 1.0

    def __post_init__(self) -> None:
        if self.factor == 0:
            raise InputError(f"expected a factor other than 0, found {self.factor}")


class Leaf(Record):
    name: FileName
    size: Annotated[int, Field(ge=1, le=65535)] = 1


class Tree(Record):
    kind: Literal["oak", "elm"]
    leaf: Leaf
    leaves: Items[Leaf] = ()
    scale: Annotated[Scale, built(Scale)] = Scale()
    height: float = 1.0
    words: str | list[str] = ""
    ages: dict[str, int] = Field(default_factory=dict)
    green: bool = True

    @field_validator("height")
    @classmethod
    def _not_13(cls, height: float) -> float:
        if height == 13:
            raise ValueError("13 brings bad luck: plant it deeper")
        return height


FIELDS: dict[str, Any] = {"kind": "oak", "leaf": {"name": "a"}}


def test_a_list_becomes_a_tuple_and_an_integer_a_number() -> None:
    tree = Tree.check({**FIELDS, "leaves": [{"name": "b", "size": 2}], "height": 2, "scale": {"factor": 3.0}}, "t.yaml")
    assert tree.leaves == (Leaf(name="b", size=2),)
    assert (tree.height, tree.scale) == (2.0, Scale(3.0))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (None, "t.yaml: expected fields such as kind, found None"),
        ([1], "t.yaml: expected fields such as kind, found [1]"),
        ({"kind": "oak"}, "t.yaml: leaf: missing"),
        ({"kind": "oak", "leef": {}}, "t.yaml: leef: unknown field: did you mean 'leaf'?"),
        ({**FIELDS, None: 4}, "t.yaml: None: unknown field: "),
        ({**FIELDS, "leaf": {"name": "a", None: 4}}, "t.yaml: leaf.None: unknown field: did you mean 'name'?"),
        ({**FIELDS, 3: 4}, "t.yaml: 3: unknown field: expected one of kind, leaf"),
        ({**FIELDS, "kind": "ash"}, "t.yaml: kind: expected 'oak' or 'elm', found 'ash'"),
        ({**FIELDS, "leaf": 3}, "t.yaml: leaf: expected fields such as name, found 3"),
        ({**FIELDS, "leaf": {"name": "a", "size": "long"}}, "t.yaml: leaf.size: expected an integer, found 'long'"),
        ({**FIELDS, "leaf": {"name": "a", "size": True}}, "t.yaml: leaf.size: expected an integer, found True"),
        ({**FIELDS, "leaf": {"name": "a", "size": 1.0}}, "t.yaml: leaf.size: expected an integer, found 1.0"),
        ({**FIELDS, "leaf": {"name": "a", "size": 0}}, "t.yaml: leaf.size: expected at least 1, found 0"),
        ({**FIELDS, "leaf": {"name": "a", "size": 10**6}}, "leaf.size: expected at most 65,535, found 1000000"),
        ({**FIELDS, "leaf": {"name": "a", "sise": 1}}, "t.yaml: leaf.sise: unknown field: did you mean 'size'?"),
        ({**FIELDS, "leaf": {"name": None}}, "t.yaml: leaf.name: expected text, found None"),
        ({**FIELDS, "leaves": {}}, "t.yaml: leaves: expected a list, found {}"),
        ({**FIELDS, "leaves": ["b"]}, "t.yaml: leaves[1]: expected fields such as name, found 'b'"),
        ({**FIELDS, "leaves": [{"name": "b", "size": {}}]}, "t.yaml: leaves[b].size: expected an integer, found {}"),
        ({**FIELDS, "leaves": [{"name": "b", "sise": 1}]}, "leaves[b].sise: unknown field: did you mean 'size'?"),
        ({**FIELDS, "leaves": [{"name": "b"}, {"size": 1}]}, "t.yaml: leaves[2].name: missing"),
        ({**FIELDS, "height": float("inf")}, "t.yaml: height: expected a finite number, found inf"),
        ({**FIELDS, "height": 10**400}, "t.yaml: height: expected a number, found 1000"),
        ({**FIELDS, "height": 13}, "t.yaml: height: 13 brings bad luck: plant it deeper"),
        ({**FIELDS, "words": 3}, "t.yaml: words: expected text or a list, found 3"),
        ({**FIELDS, "ages": {"a": "old"}}, "t.yaml: ages.a: expected an integer, found 'old'"),
        ({**FIELDS, "green": "yes"}, "t.yaml: green: expected true or false, found 'yes'"),
        ({**FIELDS, "scale": {"factor": 0}}, "t.yaml: scale: expected a factor other than 0, found 0"),
        ({**FIELDS, "scale": {"facter": 0}}, "t.yaml: scale: unknown field 'facter': did you mean 'factor'?"),
    ],
)
def test_what_is_wrong_is_named(fields: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Tree.check(fields, "t.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "..", "a\n", "a b", "/etc/passwd", "a\\b"])
def test_a_file_name_stays_in_its_folder(name: str) -> None:
    with pytest.raises(InputError, match=r"leaf\.name: expected a name of letters, digits and .*, found "):
        Tree.check({**FIELDS, "leaf": {"name": name}}, "t.yaml")


def test_a_short_file_of_many_aliases_has_a_short_message(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "kind: oak\nleaf: &a0 [x, x]\n" + "".join(f"k{i}: &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, 30))
    )
    fields = {**FIELDS, "leaf": read_yaml(path)["k29"]}
    with pytest.raises(InputError) as caught:
        Tree.check(fields, str(path))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 2_000, "a: [", "a: !!int x", 'a: !!int ""', "a: !!bool x", "a: !!timestamp x", "a: 2020-13-45", "\0"),
        *('a: "\\x07"', '"\\e": 1', 'a: "\\uD800"', "a: !!python/name:os.system", "a: !!python/object/new:str [x]"),
    ],
)
def test_what_is_not_yaml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"t\.yaml: expected YAML"):
        read_yaml(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "", "1" * 5000])
def test_what_is_not_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"t\.json: expected JSON"):
        read_json(path)


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_what_cannot_be_read_is_refused(tmp_path: Path, read: Any) -> None:
    with pytest.raises(InputError, match=r"none: cannot be read: No such file or directory: check the path"):
        read(tmp_path / "none")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "latin").write_bytes('{"a": "é"}'.encode("latin-1"))
    with pytest.raises(InputError, match=r"latin: expected UTF-8: .*: convert the file to UTF-8"):
        read(tmp_path / "latin")
    (tmp_path / "bom").write_bytes(b"\xef\xbb\xbf" + b'{"a": "\xc3\xa9"}')
    assert read(tmp_path / "bom") == {"a": "é"}


def test_numbers_and_truth_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text("{a: 2e-5, b: no, c: false, d: .5}")
    assert read_yaml(path) == {"a": 2e-5, "b": "no", "c": False, "d": 0.5}


@pytest.mark.parametrize("read", [read_card, read_recipe, read_config, read_siamese_config])
def test_no_tag_of_a_file_is_run(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(f"name: !!python/object/apply:os.mkdir [{tmp_path}/made]\n")
    with pytest.raises(InputError, match=r"t\.yaml: expected YAML: .*python/object/apply:os\.mkdir"):
        read(path)
    assert list(tmp_path.iterdir()) == [path]
