-- Bring back the counts that an earlier evaluation of the same as_of closed.
UPDATE compliance.tally SET valid_to = NULL WHERE policy_key = %(policy_key)s AND valid_to = %(as_of)s
