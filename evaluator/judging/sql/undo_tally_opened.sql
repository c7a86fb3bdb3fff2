-- Take back the counts that an earlier evaluation of the same as_of opened.
DELETE FROM compliance.tally WHERE policy_key = %(policy_key)s AND valid_from = %(as_of)s
