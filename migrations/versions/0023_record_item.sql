-- What policies say of an item is found by the item, so that the findings of an account are read without all others.
CREATE INDEX ix_record_item_id ON compliance.record (item_id);
