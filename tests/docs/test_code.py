"""Code blocks name their language, and are in it."""

import pytest

from order_pipeline.domain.transitions import TRANSITIONS
from tests.docs.code import faults_of_block
from tests.docs.markdown import Block, Document, documents
from tests.docs.mermaid import drawn_transitions, faults_of_diagram

DOCUMENTS = [document for document in documents() if document.blocks]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda each: each.path)
def test_every_block_is_what_its_language_says(document: Document) -> None:
    faults = {f"line {block.line}": faults_of_block(block) for block in document.blocks}
    assert {where: found for where, found in faults.items() if found} == {}


def test_the_picture_of_an_orders_life_has_every_transition() -> None:
    (readme,) = (document for document in DOCUMENTS if document.path == "README.md")
    (text,) = (each.text for each in readme.blocks if each.text.startswith("stateDiagram"))
    known = {
        (before, after)
        for pairs in TRANSITIONS.values()
        for before, after in pairs.items()
        if before is not after
    }
    assert {pair for pair in drawn_transitions(text) if "[*]" not in pair} == known


def test_a_block_in_a_list_is_a_block_too() -> None:
    (block,) = Document("x.md", "1. So:\n\n   ```json\n   {\n   ```\n").blocks
    assert block == Block(3, "json", "{\n")
    assert faults_of_block(block)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("http", 'HTTP/2 200\netag: "1"\n\n{"a": 1}'),
        ("json", '{"a": 1}'),
        ("python", "assert 1\n"),
        ("yaml", "a: [1]\n"),
        ("toml", 'a = "b"'),
        ("sh", "make deploy YES=1   # and so on\n"),
        ("bash", 'sign=(--user "$A")\n'),
        ("console", "$ if true\n> then echo ')'\n> fi\n)\n"),
        ("diff", "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"),
        ("text", "if ("),
    ],
)
def test_a_good_block_is_not_found_fault_with(language: str, text: str) -> None:
    assert faults_of_block(Block(1, language, text)) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("", "anything"),
        ("cobol", "anything"),
        ("http", "200 OK\n\n{}"),
        ("http", "HTTP/2 200\n{}\n"),
        ("http", "HTTP/2 200\n\n{"),
        ("json", '{"a": 1,}'),
        ("python", "if True:\nprint(1)"),
        ("python", "a = '"),
        ("yaml", "a: [1"),
        ("toml", "a = b"),
        ("sh", "echo 'open"),
        ("bash", "if true; then echo"),
        ("sh", "cat << END\nnever ended\n"),
        ("console", "$ echo (\n"),
        ("console", "echo 1\n"),
        ("diff", "-two\n+three\n"),
        ("diff", "--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n one\n-two\n+three\n"),
        ("mermaid", "flowchart LR\n  a -> b"),
    ],
)
def test_a_bad_block_is_found(language: str, text: str) -> None:
    (fault,) = faults_of_block(Block(1, language, text))
    assert fault


@pytest.mark.parametrize(
    "text",
    [
        "flowchart LR\n  a --> b",
        "graph TD\n  a-->b-->c; c --- d",
        "flowchart\n  a & b --> c & d -.->|some text| e[(a table)] ==> f{{a topic}}",
        'flowchart LR\n  a["a (text)"] -- why --> b([round]):::red\n  classDef red fill:#f00',
        "flowchart LR\n  place-order[/a queue/] -.-> c{really?} <--> d((end of it))",
        "flowchart TB\n  %% a remark\n  subgraph one [The first]\n    a\n  end\n  a --> one",
        "flowchart LR\n  a -. maybe .-> b\n  a[one<br/>two] --o b",
        "stateDiagram-v2\n  [*] --> PLACED\n  PLACED --> VALIDATED : OrderValidated",
        'stateDiagram-v2\n  state "At rest" as rest\n  rest --> [*]\n  note right of rest: so',
        "stateDiagram-v2\n  state a {\n    b --> c\n  }\n  note left of a\n    text\n  end note",
        "sequenceDiagram\n  a->>b: POST /orders\n  b--)a: (later)",
        "classDiagram\n  class Order {\n    status\n  }",
        'erDiagram\n  ORDER ||--o{ LINE : "has (some)"',
    ],
)
def test_a_good_diagram_is_not_found_fault_with(text: str) -> None:
    assert faults_of_diagram(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "kind of diagram"),
        ("flowhcart LR\n  a --> b", "kind of diagram"),
        ("flowchart XY\n  a --> b", "kind of diagram"),
        ("flowchart LR\n  a --> ", "no node"),
        ("flowchart LR\n  --> b", "no node"),
        ("flowchart LR\n  a > b", "no edge"),
        ("flowchart LR\n  a b", "no edge"),
        ("flowchart LR\n  a --> b[open", "no edge"),
        ("flowchart LR\n  a --> b([round)]", "no edge"),
        ("flowchart LR\n  a --> b[with (brackets)]", "no edge"),
        ('flowchart LR\n  a --> b["open]', "no edge"),
        ("flowchart LR\n  a -->|open b", "no node"),
        ("flowchart LR\n  a --> end", "called end"),
        ("flowchart LR\n  subgraph one\n    a", "without its end"),
        ("flowchart LR\n  a\n  end", "without its subgraph"),
        ("stateDiagram-v2\n  PLACED -> VALIDATED", "no transition"),
        ("stateDiagram-v2\n  PLACED -->", "no transition"),
        ("stateDiagram-v2\n  PLACED --> VALIDATED :", "no transition"),
        ("stateDiagram-v2\n  PLACED --> SENT", "SENT is no status"),
        ("stateDiagram-v2\n  DELIVERED --> PLACED", "never becomes PLACED"),
        ("stateDiagram-v2\n  state open {\n    a --> b", "not closed"),
        ("stateDiagram-v2\n  note right of open\n    any text", "not closed"),
        ("sequenceDiagram\n  a->>b: POST (orders", "not closed"),
        ('classDiagram\n  a : "open', "quotation mark"),
        ("erDiagram\n  a ) b", "fit together"),
    ],
)
def test_a_bad_diagram_is_found(text: str, said: str) -> None:
    (fault,) = faults_of_diagram(text)
    assert said in fault
