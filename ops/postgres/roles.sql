-- Roles and databases of the hub. For psql, as a superuser of a PostgreSQL 15 or newer, connected to the database postgres:
--
--     HUB_OWNER_PASSWORD=... HUB_APP_PASSWORD=... HUB_VAULT_OWNER_PASSWORD=... HUB_VAULT_PASSWORD=... \
--         psql -X -d postgres -f ops/postgres/roles.sql
--
-- It may be run again at any time; a password is only changed when its variable is set. See README.md beside this file.

\set ON_ERROR_STOP on
SET client_min_messages = warning;

-- The passwords below pass in no log and no statistics.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET pg_stat_statements.track_utility = off;

SELECT format('CREATE ROLE %I', name)
FROM (VALUES ('hub_owner'), ('hub_app'), ('hub_reader'), ('hub_vault_owner'), ('hub_vault')) AS wanted(name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- hub_owner owns and migrates; hub_app is the running hub. COPY needs the writer outside row-level security; what a party
-- reads runs as hub_reader (SET LOCAL ROLE), which is under it and inherits nothing.
ALTER ROLE hub_owner       LOGIN   NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT NOBYPASSRLS;
ALTER ROLE hub_app         LOGIN   NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT BYPASSRLS;
ALTER ROLE hub_reader      NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT NOBYPASSRLS;
ALTER ROLE hub_vault_owner LOGIN   NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT NOBYPASSRLS;
ALTER ROLE hub_vault       LOGIN   NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT NOBYPASSRLS;
GRANT hub_reader TO hub_app;

SET password_encryption = 'scram-sha-256';
\getenv hub_owner_password HUB_OWNER_PASSWORD
\if :{?hub_owner_password}
ALTER ROLE hub_owner PASSWORD :'hub_owner_password';
\endif
\getenv hub_app_password HUB_APP_PASSWORD
\if :{?hub_app_password}
ALTER ROLE hub_app PASSWORD :'hub_app_password';
\endif
\getenv hub_vault_owner_password HUB_VAULT_OWNER_PASSWORD
\if :{?hub_vault_owner_password}
ALTER ROLE hub_vault_owner PASSWORD :'hub_vault_owner_password';
\endif
\getenv hub_vault_password HUB_VAULT_PASSWORD
\if :{?hub_vault_password}
ALTER ROLE hub_vault PASSWORD :'hub_vault_password';
\endif

-- Collation C: an upgrade of the system's library cannot change the order of an index.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C''', name, owner)
FROM (VALUES ('hub', 'hub_owner'), ('hub_vault', 'hub_vault_owner')) AS wanted(name, owner)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name)
\gexec

REVOKE ALL ON DATABASE hub, hub_vault FROM PUBLIC;
GRANT CONNECT ON DATABASE hub TO hub_app;
GRANT CONNECT ON DATABASE hub_vault TO hub_vault;

-- No value of a row in the server's log (an error's own text may hold one), and no commit that a power cut can undo.
SELECT format('ALTER DATABASE %I SET %I = %L', base, setting, value)
FROM (VALUES ('hub'), ('hub_vault')) AS bases(base),
     (VALUES ('log_min_messages', 'log'),
             ('log_error_verbosity', 'terse'),
             ('log_min_error_statement', 'panic'),
             ('log_statement', 'none'),
             ('log_min_duration_statement', '-1'),
             ('log_parameter_max_length', '0'),
             ('log_parameter_max_length_on_error', '0'),
             ('synchronous_commit', 'on'),
             ('timezone', 'UTC')) AS settings(setting, value)
\gexec

\connect hub
SET client_min_messages = warning;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO hub_app, hub_reader;

\connect hub_vault
SET client_min_messages = warning;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO hub_vault;
