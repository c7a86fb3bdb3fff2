(-- The stages that are judged again, in place of all.
    SELECT one.stage_id, one.version_id, one.account_region_id, one.rest_api_key, one.stage_name,
           one.deployment_id, one.client_certificate_id, one.certificate_named_at, one.valid_to
    FROM pg_temp.dirty AS d
    JOIN cmdb.stage AS one ON one.stage_id = d.stage_id
)
