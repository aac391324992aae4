-- What an administrator runs once, where the owner of the schemas may not create roles (managed PostgreSQL, strict
-- sites). Run it as a superuser, or as a role with CREATEROLE that owns the database, connected to the platform's
-- database:
--
--     psql --dbname sprintia --file deploy/postgresql/roles.sql
--
-- It can be run again, and must be when a further plugin with tables is installed: add its role to the list below.
--
--   sprintia_owner          owns schemas and tables and runs `sprintia db upgrade`: SPRINTIA_DATABASE_OWNER_URL
--   sprintia_login          the servers log in as this user: DATABASE_URL
--   sprintia_<plugin>       nobody logs in as it; a transaction of the plugin takes it, and reaches its schema alone
--   sprintia_plugin         what every plugin may do: append to the audit log
--
-- Both users get a password afterwards, in a way that leaves it in no history:
--
--     psql --dbname sprintia --command '\password sprintia_owner'
--     psql --dbname sprintia --command '\password sprintia_login'

DO $$
DECLARE
    plugins CONSTANT text[] := ARRAY['sprintia_platform', 'sprintia_config', 'sprintia_viewer'];
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['sprintia_plugin'] || plugins LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
    FOREACH name IN ARRAY ARRAY['sprintia_owner', 'sprintia_login'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', name);
        END IF;
    END LOOP;
    FOREACH name IN ARRAY plugins LOOP
        EXECUTE format('GRANT sprintia_plugin TO %I', name);
        EXECUTE format('GRANT %I TO sprintia_owner, sprintia_login', name);
    END LOOP;
    GRANT sprintia_plugin TO sprintia_owner;
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO sprintia_owner', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO sprintia_login', current_database());
END $$;
