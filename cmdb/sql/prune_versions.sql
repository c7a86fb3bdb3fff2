-- Drop closed versions of before the limit, so many at a time, but none that is the evidence of a kept record.
DELETE FROM cmdb.{table}
WHERE ({key}, valid_from) IN (
    SELECT x.{key}, x.valid_from
    FROM cmdb.{table} AS x
    WHERE x.superseded_at <= %(limit)s
      AND NOT EXISTS (SELECT FROM compliance.record AS r WHERE r.{evidence} = x.version_id)
      AND NOT EXISTS (
          SELECT FROM compliance.record_closed AS r WHERE r.{evidence} = x.version_id AND r.valid_to > %(limit)s
      )
    LIMIT %(batch)s
)
