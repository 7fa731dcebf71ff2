"""What several processes of one world saw is one truth."""

from tidewire.simulator.crowds import merged
from tidewire.simulator.truth import Truth


def test_what_the_desktops_saw_joins_what_the_sinks_saw() -> None:
    own, one, two = Truth(), Truth(), Truth()
    own.accept("email", "a@b.example", "1")
    own.answer("email", 250)
    own.fault("a mail has no Message-ID")
    for truth, name in ((one, "d-1"), (two, "d-2")):
        truth.accept("stream", name, "ref.1")
        truth.answer("stream", 200)
    two.accept("stream", "d-2", "ref.1")
    two.fault("d-2 got 3 after 4")
    found = merged(own.document(), [one.document(), two.document()])
    assert found["accepted"]["email"] == ["a@b.example 1"]
    assert found["accepted"]["stream"] == ["d-1 ref.1", "d-2 ref.1"]
    assert found["repeats"]["stream"] == {"d-2 ref.1": 1}
    assert found["answers"]["email"] == {"250": 1}
    assert found["answers"]["stream"] == {"200": 2}
    assert found["faults"] == ["a mail has no Message-ID", "d-2 got 3 after 4"]


def test_a_world_without_desktops_is_its_own_truth() -> None:
    own = Truth()
    own.accept("webhook", "https://a.example/hook", "msg_1")
    assert merged(own.document(), []) == own.document()
