from monitor.status.recent import Recent


class Kitchen:
    """Makes numbers, each of which takes a while by a clock of its own."""

    def __init__(self, takes: float) -> None:
        self.now, self.takes, self.made = 0.0, takes, 0
        self.recent = Recent(1.0, clock=lambda: self.now)

    def asked(self, *, at: float) -> int:
        self.now = max(self.now, at)
        return self.recent.get("number", self.make)

    def make(self) -> int:
        self.now += self.takes
        self.made += 1
        return self.made


def test_an_answer_holds_for_a_second() -> None:
    quick = Kitchen(takes=0.01)

    assert [quick.asked(at=second) for second in (0.0, 0.5, 1.0, 1.5, 2.6)] == [1, 1, 1, 2, 3]


def test_an_answer_that_took_long_holds_five_times_as_long() -> None:
    slow = Kitchen(takes=0.5)

    assert [slow.asked(at=second) for second in (0.0, 2.9, 3.0)] == [1, 1, 2]


def test_no_answer_holds_for_longer_than_five_seconds() -> None:
    slower = Kitchen(takes=20.0)

    assert [slower.asked(at=second) for second in (0.0, 24.9, 25.0)] == [1, 1, 2]
