"""What VENDORS.md leaves open about Airtable, with the answers that are emulated. The first one is taken where nothing is said."""

from __future__ import annotations

from tests.emulators.core.switches import Switch

SWITCHES = (
    Switch("rate_limit_body", ("error", "errors"), "a 429's envelope: as documented, or as seen on the wire", "B9"),
    Switch("retry_after", ("absent", "present"), "whether a 429 says Retry-After", "B1, G"),
    Switch("window", ("sliding", "aligned"), "which second five requests fit into: any, or each full one", "B1"),
    Switch("upsert_throttle", ("none", "strict"), "upserts have a limit of their own: here one per second and base", "B1, G"),
    Switch("billing_body", ("error", "errors"), "the envelope once the month is spent", "B9"),
    Switch("batch", ("atomic", "until_error"), "whether what stands before a bad record in its batch is written", "B4, G"),
    Switch("upsert_race", ("none", "blind"), "whether an upsert overlooks records that are younger than a second", "B4"),
    Switch("get_elsewhere", ("no", "whole_base"), "whether get-record finds a record of another table of the base", "B4"),
    Switch("unknown_record", ("404", "403"), "what GET, PATCH and DELETE of one record say when it is gone", "B4"),
    Switch("now", ("exact", "coarse"), "whether NOW() in a formula moves only every five minutes", "B5"),
    Switch("modified_resolution", ("second", "millisecond"), "how finely LAST_MODIFIED_TIME() tells", "B3, G"),
    Switch("new_record_modified", ("created", "blank"), "LAST_MODIFIED_TIME() of a record that was never edited", "B3"),
    Switch("modified_clock", ("exact", "behind"), "whether LAST_MODIFIED_TIME() is by a clock two seconds behind NOW()", "B3, G"),
    Switch("patch_choices", ("refused", "accepted"), "PATCH of a select field's options", "B7, G"),
    Switch("create_computed", ("refused", "accepted"), "create-field of computed types", "B7"),
    Switch("formula_error", ("error", "special_value"), "which object is read where a formula fails", "B5"),
    Switch("body_limit", ("none", "100kB"), "from which size on a request is 413; its body is a guess", "B2"),
    Switch("wording", ("current", "older"), "the messages of an unknown field name and of an unknown choice", "B9, G"),
    Switch("time_into_date", ("cut", "refused"), "a time written into a date field", "H (reports of both)"),
    Switch(
        "order_without_view",
        ("record_id", "creation"),
        "the order of a list without a view: by id in every recording, but promised nowhere",
        "not there (recorded by id)",
    ),
    Switch("pages", ("snapshot", "live"), "whether an iterator keeps the order of its first page", "not there"),
)
