"""Fixtures that several test modules use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from readers import WAYS


@pytest.fixture(scope="session", autouse=True)
def _own_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Mappings that commands remember are kept apart from those of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_MAPPINGS", str(tmp_path_factory.mktemp("mappings")))
        yield


@pytest.fixture(scope="module", params=list(WAYS))
def way(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each test that uses this runs both ways of reading."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_KERNELS", WAYS[request.param])
        yield request.param


@pytest.fixture(scope="module", params=["interpreted", "compiled"])
def mode(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each test that uses this runs with interpreted kernels and with compiled ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHFLOW_KERNELS", request.param)
        yield request.param
