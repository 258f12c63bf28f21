import pytest
import yaml
from converted_files import write_converted

from vita_dataset import cli, cli_bags, cli_convert
from vita_dataset.robot import read_robot_file
from vita_dataset.upload import upload
from vita_dataset.zarr_store import open_dataset


@pytest.fixture
def datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("FLARE_DATASETS_DIR", str(tmp_path / "datasets"))
    return tmp_path / "datasets"


def test_from_sample_to_bag(tmp_path, datasets, capsys):
    sample, task, robot, bag = (tmp_path / name for name in ("lab/sample", "task.yaml", "robot.yaml", "bag"))
    small = ["--episodes", "2", "--steps", "12", "--size", "32", "48"]
    assert cli.sample(["--out", str(sample), *small]) == 0
    assert cli_convert.convert(["-r", str(sample), "--resize", "24", "32", "--write-task", str(task)]) == 0
    assert "2 episodes, 24 steps" in capsys.readouterr().out
    assert open_dataset(datasets / "lab" / "sample").spec.resize == (24, 32)
    assert yaml.safe_load(task.read_text())["task"]["dataset_root"] == "${oc.env:FLARE_DATASETS_DIR}/lab/sample"
    assert cli.inspect([str(datasets / "lab" / "sample"), "--write-robot", str(robot)]) == 0
    assert "elbow_joint" in capsys.readouterr().out
    assert read_robot_file(robot).arms[0].name == "arm"
    arguments = ["-r", str(sample), "--episode", "1", "--config", str(robot), "--out", str(bag), "--storage", "sqlite3"]
    assert cli_bags.to_bag(arguments) == 0
    assert f"{bag}: 48 messages" in capsys.readouterr().out


def test_a_training_set_at_a_url_is_read_like_a_folder(tmp_path, robot_file, capsys):
    folder, url = write_converted(tmp_path / "reach"), "memory://cli/reach"
    upload(folder, url)
    said = []
    for place in (str(folder), url):
        page, bag = tmp_path / f"{len(said)}.html", tmp_path / f"bag{len(said)}"
        assert cli.inspect([place, "--html", str(page)]) == 0
        said.append(capsys.readouterr().out.splitlines())
        assert place in page.read_text()
        assert cli_bags.to_bag(["-r", place, "--episode", "1", "--config", str(robot_file), "--out", str(bag)]) == 0
        assert f"{bag}: 35 messages" in capsys.readouterr().out
    assert said[1][0] == f"lab/reach (converted dataset) in {url}"
    assert said[0][1:-1] == said[1][1:-1]
    assert cli.inspect(["memory://cli/nothing"]) == 1
    assert cli_bags.to_bag(["-r", url, "--config", str(robot_file), "--out", str(tmp_path / "b")]) == 2
    nothing, unnamed = capsys.readouterr().err.splitlines()[-2:]
    assert "'memory://cli/nothing' does not exist" in nothing
    assert f"'{url}' has episodes 0 to 1" in unnamed


def test_mistakes_of_usage_end_with_2(tmp_path, record, datasets, monkeypatch, capsys):
    source = record()
    assert cli_convert.convert(["-r", str(source)]) == 0
    assert cli_convert.convert(["-r", str(source)]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")
    (tmp_path / "task.yaml").write_text("edited")
    assert cli_convert.convert(["-r", str(source), "--overwrite", "--write-task", str(tmp_path / "task.yaml")]) == 2
    monkeypatch.delenv("FLARE_DATASETS_DIR")
    assert cli_convert.convert(["-r", str(source), "--overwrite"]) == 2
    with pytest.raises(SystemExit, match="2"):
        cli_convert.convert(["--no-such-flag"])


def test_bad_data_ends_with_1(tmp_path, datasets, capsys):
    for command, arguments in (
        (cli_convert.convert, ["-r", str(tmp_path)]),
        (cli.inspect, [str(tmp_path / "none")]),
        (
            cli_bags.to_bag,
            ["-r", str(tmp_path), "--episode", "0", "--config", "none.yaml", "--out", str(tmp_path / "b")],
        ),
    ):
        assert command(arguments) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert error.count("\n") == 1
