-- Is the endpoint type of the API among those allowed? The first branch that holds decides.
SELECT
    CASE
        WHEN btrim(:allowed, ', ') = '' THEN 'nothing_required'
        WHEN coalesce(cardinality(rest_api.endpoint_types), 0) = 0 THEN 'endpoint_type_unknown'
        WHEN NOT rest_api.endpoint_types <@ string_to_array(upper(replace(:allowed, ' ', '')), ',')
            THEN 'endpoint_type_not_allowed'
        WHEN rest_api.endpoint_types IS NOT NULL THEN 'endpoint_type_allowed'
    END AS condition,
    rest_api.endpoint_types AS subjects
FROM rest_api
