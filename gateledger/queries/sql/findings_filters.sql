-- Filters of findings, in the statements that include them; one that is null lets everything through.
(%(policies)s::text[] IS NULL OR policy_id = ANY (%(policies)s))
  AND (%(accounts)s::text[] IS NULL OR account_id = ANY (%(accounts)s))
  AND (%(regions)s::text[] IS NULL OR region = ANY (%(regions)s))
  AND (%(owners)s::text[] IS NULL OR owner = ANY (%(owners)s))
  AND (NOT %(unowned)s OR owner IS NULL)
