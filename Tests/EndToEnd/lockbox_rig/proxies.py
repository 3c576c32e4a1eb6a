"""What proxies read around an example, so that they keep to a folder of their own."""

NGINX = """
daemon off; pid nginx.pid; error_log stderr; events {}
http {
    access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi; include lockbox.conf;
}
"""
CADDY = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
APACHE = "".join(
    f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in (
        "mpm_event", "authz_core", "authn_core", "authz_user", "setenvif", "headers", "ssl", "socache_shmcb", "proxy",
        "proxy_http", "auth_openidc")) + """
ServerName localhost
PidFile apache.pid
DefaultRuntimeDir .
ErrorLog /dev/stderr
Include lockbox.conf
"""
