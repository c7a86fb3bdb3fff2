-- Settings of a merging transaction: no wait for the disk, and plans that follow keys into the big tables (temporary tables have no statistics, and a plan made blindly would read all items to find a few).
SET LOCAL synchronous_commit = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_seqscan = off
