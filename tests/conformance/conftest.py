"""Skipping a test that must run is a failure: a suite that leaves out what it should show is no evidence."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.conformance.must_run import MUST_RUN


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    test = item.reportinfo()[2].split("[")[0]  # TestClass.test_name
    suite, _, name = test.rpartition(".")
    if report.skipped and name in MUST_RUN.get(suite, frozenset()):
        report.outcome = "failed"
        report.longrepr = f"{test} must run (tests/conformance/must_run.py), but was skipped: {call.excinfo and call.excinfo.value}"
    return report
