"""What nobody could settle about Sheets and Drive: both answers of each, the first being the one that is taken for granted."""

from __future__ import annotations

from tests.emulators.core.switches import Switch

SWITCHES = (
    Switch(
        "quota_window",
        ("minute", "sliding"),
        "whether a quota is refilled each full minute, or 60 s after each use",
        "A1",
    ),
    Switch("retry_after", ("absent", "present"), "whether a 429 of Sheets says when to come again", "A1, G"),
    Switch("quota_details", ("error_info", "help"), "what a 429 of Sheets has for details: what was exceeded, or a link", "A9"),
    Switch("drive_over_limit", ("403", "429"), "the status of Drive's answer when there were too many", "A1"),
    Switch("drive_lag", ("none", "30s", "120s"), "how long after a change Drive's version and modifiedTime show it", "A3, G"),
    Switch("formulas_bump", ("no", "yes"), "whether what NOW() comes to raises Drive's version each minute", "A3"),
    Switch(
        "publishing",
        ("production", "testing", "testing_told"),
        "the status of the OAuth app: in Testing, sign-ins end after seven days, and the token endpoint may tell so",
        "A6",
    ),
    Switch("robots_create", ("refused", "allowed"), "whether service accounts may create files (no Shared Drive)", "A6"),
    Switch("unmatched_filter", ("skipped", "refused"), "what a data filter that selects nothing does to a request", "H"),
    Switch("partial_sort", ("cells", "rows"), "whether a sort of some columns takes the row's metadata along", "A4, G"),
    Switch("cut_paste", ("stays", "follows"), "whether cutting and pasting a whole row takes its metadata along", "A4"),
    Switch("view_sort", ("nothing", "rows"), "whether a sort in a filter view moves the rows themselves", "A4, G"),
    Switch("row_copy", ("bare", "metadata"), "whether a row that a person copies takes a copy of its metadata", "A4"),
    Switch("strict_dropdown", ("accepted", "refused"), "what the API does with a value outside a strict list", "A5"),
)
