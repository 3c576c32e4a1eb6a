-- Only with PgBouncer: once for each tenant's database, in that database, as a superuser. `CREATE ROLE pgbouncer LOGIN`
-- and `\password pgbouncer` come before it, once for each server.

GRANT CONNECT ON DATABASE "@DATABASE@" TO pgbouncer;
-- PgBouncer learns the verifiers of Lockbox's logins, and nobody else's.
CREATE FUNCTION public.pgbouncer_login(wanted text, OUT usename name, OUT passwd text) RETURNS SETOF record
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT usename, passwd FROM pg_shadow WHERE usename = wanted AND starts_with(usename, 'lbx-') $$;
REVOKE ALL ON FUNCTION public.pgbouncer_login(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.pgbouncer_login(text) TO pgbouncer;
