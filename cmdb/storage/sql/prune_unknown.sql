-- A policy last judged before the limit: what changed since then is no longer known, so the next is a full one.
UPDATE compliance.evaluation SET last_version_id = NULL WHERE as_of <= %(limit)s
