"""Killed in the middle: a worker, then PostgreSQL, then NATS; nothing is lost or comes unmarked."""

from chaos import measure
from world.trial import Trial


def test_whatever_is_killed_every_delivery_arrives_and_repeats_are_marked() -> None:
    seen: list[Trial] = []
    fault = measure(3, 0.002, 1, seen)
    assert fault == ""
    assert [trial.bell for trial in seen if trial.strikes] == ["PostgreSQL", "PostgreSQL", "NATS"]
    assert {strike.who for trial in seen for strike in trial.strikes} >= {"postgresql", "nats"}
    for trial in seen:
        assert list(trial.differences) == []
        assert trial.deliveries == 172 + 13
        assert (trial.lost, trial.unmarked, trial.stray) == (0, 0, 0)
        assert (trial.missed, trial.again) == (0, 0)
