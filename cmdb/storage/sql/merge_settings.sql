-- Settings of a merging transaction: no wait for the disk, and plans that follow keys into the big tables (how many rows a parameter holds is not known when a plan is made, and one made blindly could read all items to find a few).
SET LOCAL synchronous_commit = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_seqscan = off
