"""Which conformance tests must run on which backend. One of these that is skipped, or is gone, is a failure."""

from __future__ import annotations

ALWAYS = frozenset(
    {
        "test_a_read_shows_what_stands_in_the_store",
        "test_columns_come_in_the_order_of_the_table",
        "test_rows_come_in_the_order_a_person_sees",
        "test_every_row_has_every_column_and_blank_is_none",
        "test_keys_are_unique_within_a_read",
        "test_a_second_read_of_the_same_table_is_equal",
        "test_a_column_that_a_person_renamed_is_read_under_its_new_name",
        "test_keys_stay_when_people_sort",
        "test_keys_stay_when_columns_move_and_cells_change",
        "test_a_key_from_a_column_is_told_as_such",
        "test_rows_without_an_id_have_provisional_keys",
        "test_rows_that_share_an_id_have_provisional_keys_until_one_is_mended",
        "test_an_id_that_a_spreadsheet_made_a_number_of_is_the_same_key",
        "test_a_provisional_row_is_found_after_a_sort_and_gets_its_id",
        "test_a_provisional_key_is_good_only_until_the_row_changes",
        "test_text_is_read_as_it_was_put",
        "test_text_never_becomes_a_formula",
        "test_a_typed_value_is_read_as_what_it_means",
        "test_blank_is_none_on_both_roads",
        "test_a_cell_holds_as_many_characters_as_the_traits_say",
        "test_characters_that_no_cell_can_hold_spoil_nothing",
        "test_cells_not_named_stay_as_they_are",
        "test_an_edit_between_read_and_write_is_not_trampled",
        "test_a_sort_between_read_and_write_moves_no_cell",
        "test_a_column_moved_between_read_and_write_moves_no_cell",
        "test_a_put_on_a_header_that_is_not_there_is_dropped",
        "test_a_put_on_a_header_renamed_since_is_dropped",
        "test_a_row_that_is_gone_is_missing_and_is_not_made_again",
        "test_patches_are_answered_in_their_order",
        "test_the_row_that_is_answered_is_the_row_that_is_read",
        "test_a_write_of_nothing_changes_nothing",
        "test_what_was_read_can_be_put_back_and_nothing_changes",
        "test_traits_can_be_planned_with",
        "test_a_full_batch_is_taken",
        "test_another_table_object_sees_what_was_written",
        "test_close_may_come_twice_and_unused",
        "test_beside_a_plain_dict_the_same_random_edits_give_the_same",
    }
)
"""On a store whose ids people can see and break, whatever else it can do."""

EDITABLE = frozenset(
    {
        "test_a_row_that_was_created_stands_last_and_is_found_by_its_key",
        "test_creating_and_deleting_nothing_changes_nothing",
        "test_rows_are_deleted_by_key_and_others_stay",
    }
)
OTHER_ABILITIES = frozenset(
    {
        "test_the_marker_changes_with_the_table_and_stays_without",
        "test_our_own_write_is_no_change_of_the_marker_unless_it_met_a_persons",
        "test_a_second_owner_is_refused_by_name_until_the_first_is_closed",
        "test_a_watch_tells_of_an_edit",
    }
)
LINKED = frozenset({"test_rows_have_addresses_of_their_own_below_that_of_the_table"})
"""Only where people open the table in a browser."""

EXPECT = frozenset(
    {
        "test_an_expectation_that_holds_lets_the_patch_through",
        "test_a_stale_expectation_changes_nothing",
        "test_a_stale_expectation_holds_up_no_other_patch",
        "test_whatever_was_read_can_be_expected",
    }
)
"""Only where `traits.atomic_expect`."""

LIMITS = frozenset(
    {
        "test_no_request_goes_out_without_having_been_asked_for",
        "test_a_request_that_may_not_go_out_is_not_sent",
    }
)
"""Only where `traits.windows` names any."""

PROBE = frozenset(
    {
        "test_the_marker_changes_with_the_table_and_stays_without",
        "test_our_own_write_is_no_change_of_the_marker_unless_it_met_a_persons",
    }
)
LEASES = frozenset(
    {
        "test_leases_are_told_by_another_objects_reads_and_are_no_rows",
        "test_a_lease_takes_the_place_of_its_holders_earlier_one_by_one_write",
        "test_a_lease_is_taken_away_and_one_that_is_not_there_is_no_matter",
        "test_a_lease_that_another_has_taken_away_is_not_made_again",
    }
)
"""Only where two daemons must tell each other."""

LEASES_PROBED = LEASES | {"test_the_marker_tells_of_anothers_lease"}

LOCAL = ALWAYS | EDITABLE | OTHER_ABILITIES | EXPECT
SHEETS = ALWAYS | EDITABLE | LIMITS | LEASES | LINKED

OWN_KEYS = frozenset(
    {
        "test_rows_that_share_an_id_have_provisional_keys_until_one_is_mended",
        "test_an_id_that_a_spreadsheet_made_a_number_of_is_the_same_key",
        "test_a_provisional_row_is_found_after_a_sort_and_gets_its_id",
        "test_a_provisional_key_is_good_only_until_the_row_changes",
    }
)
"""Only where people can see and break the keys."""

ORDER = frozenset({"test_columns_come_in_the_order_of_the_table", "test_rows_come_in_the_order_a_person_sees"})
"""Only where `traits.ordered`."""

TYPED = frozenset({"test_what_a_column_cannot_hold_is_told_beforehand_as_a_write_tells_it"})

AIRTABLE = (ALWAYS - OWN_KEYS) | EDITABLE | PROBE | LIMITS | LEASES_PROBED | TYPED | LINKED
NOTION = AIRTABLE - ORDER

REST = (ALWAYS - OWN_KEYS - ORDER) | EDITABLE | LIMITS
VERSIONED = EXPECT - {"test_a_stale_expectation_holds_up_no_other_patch"}
"""Where a store takes one patch at a time, and tests it."""

MUST_RUN = {
    "TestComma": LOCAL,
    "TestSemicolonAsExcelWritesIt": LOCAL,
    "TestTabWithEverythingQuoted": LOCAL,
    "TestToyStore": ALWAYS,
    "TestAirtable": AIRTABLE,
    "TestAirtableOtherwise": AIRTABLE,
    "TestNotion": NOTION,
    "TestNotionOtherwise": NOTION,
    "TestKinto": REST | PROBE | VERSIONED | LEASES_PROBED,
    "TestKintoInPages": REST | VERSIONED,
    "TestDatasette": REST | LEASES,
    "TestSheets": SHEETS | PROBE | LEASES_PROBED,
    "TestSheetsTheOtherWay": SHEETS,
}
"""Test class → names of its tests."""
