"""Ledger and world are compared by name, both ways."""

from tidewire.simulator.agreement import compare


def test_equal_sets_agree() -> None:
    sides = {"email": {"a 1", "b 2"}, "feed": set[str]()}
    assert compare(sides, {"email": {"b 2", "a 1"}}).agree


def test_what_only_the_ledger_has_is_named() -> None:
    found = compare({"email": {"a", "b"}}, {"email": {"a"}})
    assert not found.agree
    assert found.lines() == ["email: b is not in the world"]


def test_what_only_the_world_has_is_named_even_where_the_ledger_knows_no_such_channel() -> None:
    found = compare({}, {"webhook": {"x"}})
    assert not found.agree
    assert found.missing_in_ledger == {"webhook": ("x",)}
    assert found.lines() == ["webhook: x is not in the ledger"]


def test_long_differences_are_cut_and_counted() -> None:
    found = compare({"email": {f"{n:03d}" for n in range(15)}}, {})
    assert len(found.lines(most=10)) == 11
    assert found.lines(most=10)[-1] == "email: 5 more are not in the world"
