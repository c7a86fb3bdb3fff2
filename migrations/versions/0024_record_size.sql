-- What records keep of evidence and subjects without the space of lists: ids as text, and no empty list.
ALTER TABLE compliance.record
    ALTER COLUMN evidence TYPE text USING array_to_string(evidence, ' '),
    ALTER COLUMN subjects TYPE text[] USING nullif(subjects, '{}'),
    ALTER COLUMN subject_count TYPE integer USING nullif(subject_count, 0);
ALTER TABLE compliance.record_closed
    ALTER COLUMN evidence TYPE text USING array_to_string(evidence, ' '),
    ALTER COLUMN subjects TYPE text[] USING nullif(subjects, '{}'),
    ALTER COLUMN subject_count TYPE integer USING nullif(subject_count, 0);
COMMENT ON COLUMN compliance.record.evidence IS
    'Versions of the items that were looked at down to the condition that held: their ids, separated by spaces.';
COMMENT ON COLUMN compliance.record.subjects IS
    'What within the item is at fault, the first twenty. Null: nothing is, or the policy does not say.';
COMMENT ON COLUMN compliance.record.subject_count IS
    'How many subjects there are in all. Null: none, or the policy does not say.';
COMMENT ON COLUMN compliance.record_closed.evidence IS
    'Versions of the items that were looked at down to the condition that held: their ids, separated by spaces.';
COMMENT ON COLUMN compliance.record_closed.subjects IS
    'What within the item is at fault, the first twenty. Null: nothing is, or the policy does not say.';
COMMENT ON COLUMN compliance.record_closed.subject_count IS
    'How many subjects there are in all. Null: none, or the policy does not say.';
