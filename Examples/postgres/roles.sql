-- Once for each server, as a superuser.

-- Lockbox: makes login roles and ends their sessions. `\password lockbox` gives it its password.
CREATE ROLE lockbox LOGIN CREATEROLE;
GRANT pg_signal_backend TO lockbox;

-- What engineers become members of while their access lasts. They hold the rights, and cannot log in.
CREATE ROLE crm_read NOLOGIN;
CREATE ROLE crm_write NOLOGIN;
GRANT crm_read, crm_write TO lockbox WITH ADMIN OPTION;
