# SPDX-License-Identifier: Apache-2.0
"""`kua log verify --policy`: whose co-signatures a checkpoint must bear, and what is said where it does not."""

import json
from pathlib import Path

import pytest

from kua.adapters.tilelog import DiskLog
from kua.cli.main import run
from kua.proof.cosign import cosign, cosigned_at
from kua.proof.keys import QuantumKey, SigningKey
from kua.proof.note import Signature, add_signatures, parse_note

LOG = SigningKey.from_seed("policy.example/log", bytes(32))
PARTY, NGO = SigningKey.from_seed("party.example/w", bytes([1]) * 32), QuantumKey.from_seed("ngo.example/w", bytes([2]) * 32)
POLICY = f"witness party {PARTY.cosigner}\nwitness ngo {NGO.cosigner}\ngroup both 2 party ngo\nquorum both\n"


@pytest.mark.parametrize(
    ("who", "code", "state", "exit_code"),
    [((), "log.cosigned_few", "MISSING", 2), ((PARTY,), "log.cosigned_few", "MISSING", 2), ((PARTY, NGO), "log.cosigned", "PASS", 0)],
)
def test_a_log_is_judged_by_a_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], who: tuple[SigningKey | QuantumKey, ...], code: str, state: str, exit_code: int
) -> None:
    log = DiskLog.open(tmp_path / "log", LOG.name, LOG)
    log.append([b"one", b"two"])
    head = log.publish()
    text = parse_note(head.note).text
    log.dress(add_signatures(head.note, [cosign(text, key, 1_790_000_000 + number) for number, key in enumerate(who)]))
    log.close()
    (tmp_path / "policy").write_text(POLICY)
    assert run(["log", "verify", str(tmp_path / "log"), "--vkey", str(LOG.verifier), "--policy", str(tmp_path / "policy"), "--json"]) == exit_code
    lines = {line["check"]: line for line in json.loads(capsys.readouterr().out)["lines"]}
    assert (lines["log.cosigned"]["state"], lines["log.cosigned"]["code"]) == (state, code)
    assert lines["log.cosigned"]["facts"]["count"] == len(who)


def test_a_dressed_checkpoint_stays_dressed_after_a_restart_and_is_replaced_by_the_next(tmp_path: Path) -> None:
    log = DiskLog.open(tmp_path / "log", LOG.name, LOG)
    log.append([b"one"])
    head = log.publish()
    dressed = add_signatures(head.note, [cosign(parse_note(head.note).text, PARTY, 1)])
    log.dress(dressed)
    log.close()
    shown = tmp_path / "log" / "checkpoint"
    again = DiskLog.open(tmp_path / "log", LOG.name, LOG)
    assert shown.read_bytes() == dressed
    assert again.check() == []
    again.append([b"two"])
    newer = again.publish()
    again.dress(dressed)  # comes too late
    assert shown.read_bytes() == newer.note
    again.close()


def test_the_second_signature_is_under_the_newest_head_and_not_in_the_file_of_all_heads(tmp_path: Path) -> None:
    def also(text: str) -> Signature:
        return cosign(text, NGO, 7)

    log = DiskLog.open(tmp_path / "log", LOG.name, LOG, also=also)
    for entry in (b"one", b"two", b"three"):
        log.append([entry])
        head = log.publish()
        assert cosigned_at(parse_note(head.note), NGO.cosigner) == 7
        assert (tmp_path / "log" / "checkpoint").read_bytes() == head.note
    log.close()
    assert (tmp_path / "log" / "heads").stat().st_size < 1_000
    again = DiskLog.open(tmp_path / "log", LOG.name, LOG, also=also)
    assert again.head is not None
    assert cosigned_at(parse_note(again.head.note), NGO.cosigner) == 7
    assert again.check() == []
    again.close()
