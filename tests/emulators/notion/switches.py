"""What nobody could confirm of Notion, with every answer that it may have. The first is taken where nothing else is said."""

from __future__ import annotations

from tests.emulators.core.switches import Switch

SWITCHES = (
    Switch("times", ("minutes", "milliseconds"), "whether a page's times are still rounded down to the minute", "C3"),
    Switch("dates", ("minutes", "milliseconds"), "whether a date's time keeps its seconds (recordings of 2026-06: no)", "C5"),
    Switch("index_lag_s", ("0", "5", "60"), "how long a query goes on seeing a row as it was before", "C3"),
    Switch("search_lag_s", ("5", "0", "60"), "how long a search doesn't find what is new (recordings: some seconds)", "C3"),
    Switch("trashed_rows", ("hidden", "shown"), "whether a query lists a row that is in the trash", "C3"),
    Switch("trashed_pages", ("retrieved", "not_found"), "whether a page in the trash can be retrieved", "C4"),
    Switch("trashed_sources", ("queried", "not_found"), "whether a data source in the trash can be queried", "C4"),
    Switch("trashed_in_search", ("shown", "hidden"), "whether a search lists a trashed data source (recordings: some)", "C3"),
    Switch(
        "wrong_id", ("object_not_found", "validation_error"), "a database's id in a data source's place (field reports: 404)", "C6"
    ),
    Switch("query_in_trash", ("refused", "ignored"), "`in_trash` in a query's body, which the clients still forward", "C4"),
    Switch("order", ("newest_first", "oldest_first", "any"), "rows without sorts (recordings: newest first)", "C4"),
    Switch("cursor", ("live", "snapshot"), "whether a query's later pages see what changed after its first", "C4"),
    Switch("short_pages", ("no", "yes"), "whether a query's page may have fewer rows than asked for, and more follow", "C2"),
    Switch("text_case", ("ignored", "kept"), "whether filters on text tell capitals apart", "C5"),
    Switch("unknown_option", ("refused", "nothing"), "a filter on an option that the property hasn't", "C5"),
    Switch("empty_sorts", ("last", "as_lowest"), "where rows without a value come in a sort", "C4"),
    Switch("week_begins", ("monday", "sunday"), "what `this_week` means", "C5"),
    Switch("options_update", ("replaced", "added"), "options that a schema update doesn't list: gone, or left", "C7"),
    Switch(
        "option_rename", ("ignored", "done"), "an option's new name, told with its id: 200 in any case (field reports differ)", "C7"
    ),
    Switch("status_groups", ("first", "given"), "options of a new status: all into To-do (field report), or as `group` says", "C7"),
    Switch("empty_text", ("dropped", "kept"), "a text object without any text", "C5"),
    Switch("text_neighbours", ("merged", "kept"), "text objects that look alike, side by side (recordings: one object)", "C2"),
    Switch("too_large", ("413", "validation_error"), "what a body of more than 500 KB is refused with", "C2"),
    Switch("window", ("first_request", "aligned"), "where the 60 s of the budget begin", "C1"),
    Switch("retry_after", ("present", "absent"), "the header of a 429; the body has it in any case", "C1"),
    Switch("workspace_budget", ("none", "300", "60"), "requests that a workspace's connections have together, in 60 s", "C1"),
    Switch("workspace_wait_s", ("400", "60", "600"), "how long a workspace is shut out after that", "C1"),
    Switch("endpoint_limits", ("none", "search"), "a limit of one endpoint: searches, 30 in 60 s", "C1"),
    Switch("trash_edit", ("refused", "done"), "editing the properties of a page in the trash", "C4"),
)
