-- A copy of a database never writes to production: no key, no signature, no schedule. What is queued stays to be read.
UPDATE ir_config_parameter
   SET value = ''
 WHERE key IN ('config_service.api_key', 'config_service.webhook_secret');

UPDATE ir_cron
   SET active = false
 WHERE id IN (
       SELECT res_id
         FROM ir_model_data
        WHERE model = 'ir.cron'
          AND module = 'config_service_outbox'
);
