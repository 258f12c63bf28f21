import pytest

from vita_dataset.errors import UsageError
from vita_dataset.image_codec import ImageCodec


@pytest.mark.parametrize(
    ("text", "quality", "written"),
    [("raw", None, "raw"), ("jpeg", 90, "jpeg:90"), ("jpeg:1", 1, "jpeg:1"), ("jpeg:100", 100, "jpeg:100")],
)
def test_reads_and_writes(text, quality, written):
    codec = ImageCodec.parse(text)
    assert (codec.quality, str(codec)) == (quality, written)
    assert ImageCodec.parse(str(codec)) == codec


@pytest.mark.parametrize("text", ["", "png", "jpeg:", "jpeg:0", "jpeg:101", "jpeg:090", "jpeg:90 ", "jpeg:٣", "RAW"])
def test_anything_else_is_refused_with_the_choices(text):
    with pytest.raises(UsageError, match=r"unknown; choose 'raw', 'jpeg' or 'jpeg:<quality>'"):
        ImageCodec.parse(text)
