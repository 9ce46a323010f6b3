from __future__ import annotations

from rich.console import Console

from gradiente.cli.counting import Counting


def test_a_terminal_gets_a_bar_that_goes_away():
    console = Console(force_terminal=True, width=80)
    with console.capture() as shown:
        counting = Counting(console, "looking at the images")
        counting(1, 3)
        counting(2, 3)
        counting(3, 3)
        counting.end()
    assert "looking at the images" in shown.get()
    assert "/3" in shown.get()


def test_elsewhere_nothing_is_shown():
    console = Console(force_terminal=False)
    with console.capture() as shown:
        counting = Counting(console, "looking at the images")
        counting(1, 2)
        counting(2, 2)
    assert shown.get() == ""
