-- Take back the episodes that an earlier evaluation of the same as_of ended.
DELETE FROM compliance.episode WHERE policy_key = %(policy_key)s AND ended_at = %(as_of)s
