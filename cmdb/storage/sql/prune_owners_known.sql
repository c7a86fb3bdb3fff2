-- Note since when owners, and what is judged of their items, are known without a gap.
UPDATE compliance.owner_resolution SET known_from = %(limit)s WHERE known_from < %(limit)s
