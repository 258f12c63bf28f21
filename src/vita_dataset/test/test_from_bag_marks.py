from vita_dataset.from_bag_marks import Marks


def test_without_marks_all_is_one_stretch():
    assert [Marks().stretch(time_ns) for time_ns in (0, 10**18)] == [0, 0]


def test_a_mark_begins_the_stretch_behind_it():
    marks = Marks((10, 10, 20), (True, True, True, True))
    assert [marks.stretch(time_ns) for time_ns in (9, 10, 19, 20, 21)] == [0, 2, 2, 3, 3]
