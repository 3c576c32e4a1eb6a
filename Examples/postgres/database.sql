-- Once for each tenant's database, in that database, as a superuser. @DATABASE@ is its name, @OWNER@ who owns its tables.

-- An engineer with access to one tenant's database must not connect to another one.
REVOKE CONNECT, TEMPORARY ON DATABASE "@DATABASE@" FROM PUBLIC;
GRANT CONNECT ON DATABASE "@DATABASE@" TO lockbox WITH GRANT OPTION;
-- Lets Lockbox take back what the owner has granted to a login by hand.
GRANT "@OWNER@" TO lockbox;

-- Of a database that was made before PostgreSQL 15, everybody may create in it.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO crm_read, crm_write;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO crm_read, crm_write;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO crm_write;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO crm_write;
-- And of what comes.
ALTER DEFAULT PRIVILEGES FOR ROLE "@OWNER@" IN SCHEMA public GRANT SELECT ON TABLES TO crm_read, crm_write;
ALTER DEFAULT PRIVILEGES FOR ROLE "@OWNER@" IN SCHEMA public GRANT INSERT, UPDATE, DELETE ON TABLES TO crm_write;
ALTER DEFAULT PRIVILEGES FOR ROLE "@OWNER@" IN SCHEMA public GRANT USAGE ON SEQUENCES TO crm_write;
