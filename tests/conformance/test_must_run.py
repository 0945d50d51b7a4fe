"""The list of tests that must run is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.must_run import ALWAYS, EDITABLE, EXPECT, LEASES_PROBED, LIMITS, LINKED, MUST_RUN, OTHER_ABILITIES, TYPED
from tests.conformance.suite import TableConformance
from tests.conformance.test_airtable import AirtableConformance
from tests.conformance.test_local import LocalConformance
from tests.conformance.test_notion import NotionConformance
from tests.conformance.test_rest import RestConformance
from tests.conformance.test_sheets import SheetsConformance
from tests.conformance.test_toy_store import TestToyStore as Toy

pytest_plugins = ["pytester"]


def test_every_test_of_the_suite_stands_in_one_list() -> None:
    suite = {name for name in vars(TableConformance) if name.startswith("test_")}
    lists = (ALWAYS, EDITABLE, OTHER_ABILITIES, EXPECT, LIMITS, LEASES_PROBED, TYPED, LINKED)
    assert suite == frozenset().union(*lists)
    assert sum(map(len, lists)) == len(suite)


def test_every_backend_stands_in_the_list() -> None:
    suites = (LocalConformance, SheetsConformance, AirtableConformance, NotionConformance, RestConformance)
    assert set(MUST_RUN) == {cls.__name__ for suite in suites for cls in suite.__subclasses__()} | {Toy.__name__}


def test_a_skip_of_a_listed_test_is_a_failure(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # it needs none, and they take longer to load than it takes
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text())
    pytester.makepyfile(
        """
        import pytest

        class TestComma:
            @pytest.mark.parametrize("n", [1, 2])
            def test_text_is_read_as_it_was_put(self, n):
                pytest.skip("for no reason")

            def test_an_ability_that_nobody_asked_for(self):
                pytest.skip("traits")
        """
    )
    root = Path(__file__).parents[2]
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", f"--rootdir={pytester.path}", "-o", f"pythonpath={root}")
    result.assert_outcomes(failed=2, skipped=1)
