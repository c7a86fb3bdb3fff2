-- Policies that ever judged a stage, those that left the catalog included.
SELECT DISTINCT policy_id FROM report.finding_history
