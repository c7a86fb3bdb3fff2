    -- A part of the views of findings, of a record r: what changed in what a stage serves when it began.
    CASE WHEN EXISTS (
        -- Few verdicts began with a change of their item, and most items never changed.
        SELECT FROM cmdb.stage_closed AS x WHERE x.item_id = r.item_id AND x.superseded_at = r.valid_from
    ) THEN (
        SELECT h.served_changes
        FROM report.served_change AS h
        WHERE h.item_id = r.item_id AND h.valid_from = r.valid_from AND h.version_ids && r.evidence
    ) END AS served_changes
