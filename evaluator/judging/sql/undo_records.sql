-- Take back the records that an earlier evaluation of the same as_of opened.
DELETE FROM compliance.record WHERE policy_key = %(policy_key)s AND valid_from = %(as_of)s
