-- Payloads of the new versions of staged certificates; one that was only proven absent had none.
INSERT INTO cmdb.certificate_payload (certificate_key, payload)
SELECT certificate_key, payload FROM pg_temp.changed_certificate
ON CONFLICT (certificate_key) DO UPDATE SET payload = excluded.payload
