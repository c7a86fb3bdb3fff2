-- Whether any item has or had an owner that is known.
SELECT EXISTS (SELECT FROM report.item_owner)
