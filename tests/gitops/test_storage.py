"""Where artifacts are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitopslab.gitops.source.storage import Storage


@pytest.mark.parametrize("path", ["../mine/b", "/{}/mine/b", "gitrepository/../../mine/b"])
def test_no_path_that_somebody_wrote_into_a_status_leads_out_of_it(tmp_path: Path, path: str) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("a", "b", "c"):
        (mine / name).write_text("not an artifact")
    storage = Storage(tmp_path / "artifacts")
    assert storage.collect(path.format(tmp_path), 10**10) == 0
    assert not storage.forget(path.format(tmp_path).removesuffix("/b"))
    assert len(list(mine.iterdir())) == 3


def test_what_is_beside_an_artifact_and_none_stays(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    kept = storage.keep("gitrepository/a/b/1.tar.gz", b"1", 0)
    assert storage.collect("gitrepository", 10**10) == 0
    assert storage.read(kept.path, kept.digest) == b"1"
