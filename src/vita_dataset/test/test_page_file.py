import pytest

from vita_dataset.errors import DataError, UsageError
from vita_dataset.page_file import MARK, check_page, write_page


def test_only_a_page_is_replaced_unasked(tmp_path):
    source, page = tmp_path / "set", tmp_path / "new" / "page.html"
    source.mkdir()
    check_page(page, source, overwrite=False)
    write_page(page, f"<html>{MARK} first")
    check_page(page, source, overwrite=False)
    write_page(page, f"<html>{MARK} second")
    assert page.read_text().endswith("second")
    assert [item.name for item in page.parent.iterdir()] == ["page.html"]
    page.write_text("<html>mine</html>")
    with pytest.raises(UsageError, match="--overwrite"):
        check_page(page, source, overwrite=False)
    check_page(page, source, overwrite=True)


def test_places_where_no_page_belongs(tmp_path):
    (tmp_path / "set/meta").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "set")
    for name in ("set", "set/page.html", "link/meta/page.html"):
        with pytest.raises(DataError, match="overlaps"):
            check_page(tmp_path / name, tmp_path / "set", overwrite=True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=r"is a folder.*report\.html"):
        check_page(tmp_path / "folder", tmp_path / "set", overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_page(tmp_path / "file" / "page.html", "")


def test_a_failed_write_leaves_the_old_page(tmp_path):
    page = tmp_path / "page.html"
    write_page(page, "old")
    with pytest.raises(UnicodeEncodeError):
        write_page(page, "new \ud800")
    assert page.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["page.html"]
