-- Forget what a policy was judged to be so far, or (with the table named) one part of it.
DELETE FROM compliance.{table} WHERE policy_key = %(policy_key)s
