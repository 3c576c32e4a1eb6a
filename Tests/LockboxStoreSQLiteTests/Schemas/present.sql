CREATE UNIQUE INDEX api_token_by_access ON api_token (access_hash)
WHERE access_hash IS NOT NULL;

CREATE INDEX browser_code_by_end ON browser_code (expires_at);

CREATE INDEX command_by_time ON command (carried_out_at);

CREATE INDEX cosignature_by_witness ON cosignature (witness, log, size);

CREATE INDEX credential_live ON credential (expires_at) WHERE revoked_at IS NULL;

CREATE INDEX credential_of_grant ON credential (grant_id, issued_at, id);

CREATE INDEX erasure_of_request ON erasure (log, request, record)
WHERE request IS NOT NULL;

CREATE INDEX erasure_of_support ON erasure (log, support_request, record)
WHERE support_request IS NOT NULL;

CREATE INDEX identity_of_person ON identity (person);

CREATE INDEX invitation_by_end ON invitation (ends_at);

CREATE INDEX invitation_of_person ON invitation (person, purpose, made_at);

CREATE UNIQUE INDEX invitation_open ON invitation (person, purpose)
WHERE used_at IS NULL AND withdrawn_at IS NULL;

CREATE INDEX log_entry_by_activity ON log_entry (log, activity, position);

CREATE INDEX log_entry_by_actor ON log_entry (log, actor, position);

CREATE INDEX log_entry_by_request ON log_entry (log, request, position);

CREATE INDEX log_entry_by_time ON log_entry (log, time, position);

CREATE INDEX log_text_standing ON log_text (log, position) WHERE content IS NOT NULL;

CREATE INDEX login_request_by_end ON login_request (ends_at);

CREATE INDEX login_request_of_person ON login_request (person)
WHERE token IS NULL;

CREATE INDEX message_of_person ON message (person, posted_at);

CREATE INDEX notice_due ON notice (priority, next_attempt, id)
WHERE delivery = 'queued';

CREATE INDEX notice_failing ON notice (id) WHERE delivery = 'queued' AND attempts > 0;

CREATE INDEX notice_of_request ON notice (request, created_at, id);

CREATE INDEX notice_of_side ON notice (tenant, created_at, id) WHERE request IS NULL;

CREATE INDEX notice_of_support ON notice (tenant, support_request, created_at, id)
WHERE support_request IS NOT NULL;

CREATE INDEX notice_over ON notice (send_at, id)
WHERE delivery IN ('sent', 'cancelled', 'unconfirmed', 'leftOut');

CREATE INDEX notice_sent_to ON notice (recipient, sent_at)
WHERE sent_at IS NOT NULL;

CREATE INDEX notice_undelivered ON notice (id)
WHERE delivery IN ('refused', 'bounced');

CREATE INDEX open_operation_first ON open_operation (at) WHERE ordinal = 0;

CREATE INDEX passkey_of_person ON passkey (person, created_at, id)
WHERE removed_at IS NULL;

CREATE INDEX person_of_tenant ON person (tenant, canonical_email, id);

CREATE INDEX person_proposal_of_tenant ON person_proposal (tenant, made_at, id);

CREATE INDEX policy_change_due ON policy_change (takes_effect_at, id);

CREATE INDEX provisioned_member_of_person ON provisioned_member (person, group_id);

CREATE INDEX provisioned_user_by_external_id
ON provisioned_user (organisation, external_id) WHERE external_id IS NOT NULL;

CREATE INDEX provisioned_user_by_token ON provisioned_user (made_with, created_at);

CREATE INDEX provisioning_token_of_organisation
ON provisioning_token (organisation, created_at, id) WHERE revoked_at IS NULL;

CREATE INDEX removal_due ON removal (next_attempt, grant_id, service)
WHERE progress <> 'confirmed';

CREATE INDEX removal_failing ON removal (grant_id) WHERE progress = 'failed';

CREATE INDEX removal_of_request ON removal (request, grant_id, service);

CREATE INDEX removal_unconfirmed_of_tenant ON removal (tenant, request)
WHERE progress <> 'confirmed';

CREATE INDEX removal_uncut ON removal (next_attempt, grant_id, service) WHERE progress <> 'confirmed' AND cut_at IS NULL;

CREATE INDEX request_by_time ON access_request (created_at, id);

CREATE INDEX request_due ON access_request (deadline, id) WHERE deadline IS NOT NULL;

CREATE INDEX request_ended_of_tenant ON access_request (tenant, settled_at)
WHERE state = 'ended';

CREATE INDEX request_in_state ON access_request (state, created_at, id);

CREATE INDEX request_of_engineer ON access_request (engineer, created_at, id);

CREATE INDEX request_of_program ON access_request (asked_by, created_at, id)
WHERE asked_by IS NOT NULL;

CREATE INDEX request_of_support ON access_request (tenant, support_request, created_at, id);

CREATE INDEX request_of_tenant ON access_request (tenant, created_at, id);

CREATE INDEX request_of_tenant_in_state
ON access_request (tenant, state, created_at, id);

CREATE INDEX request_open_of_engineer ON access_request (engineer, id) WHERE deadline IS NOT NULL;

CREATE INDEX request_open_of_program ON access_request (asked_by, id)
WHERE asked_by IS NOT NULL AND deadline IS NOT NULL;

CREATE INDEX request_open_of_tenant ON access_request (tenant, id) WHERE deadline IS NOT NULL;

CREATE INDEX resource_of_tenant ON resource (tenant, service, name);

CREATE INDEX session_at_provider ON portal_session (issuer, issuer_session)
WHERE issuer_session IS NOT NULL AND ended_at IS NULL;

CREATE INDEX session_by_end ON portal_session (expires_at);

CREATE INDEX session_of_person ON portal_session (person, created_at, id) WHERE ended_at IS NULL;

CREATE INDEX sign_in_change_by_time ON sign_in_change (takes_effect_at, id);

CREATE INDEX sign_in_client_by_end ON sign_in_client (kept_until);

CREATE INDEX statement_position_age ON statement_position (service, at);

CREATE INDEX support_entry_of_person ON support_entry (person, posted_at);

CREATE INDEX support_request_by_number ON support_request (number, tenant);

CREATE INDEX support_request_by_state
ON support_request (state, opened_at, number, tenant);

CREATE INDEX support_request_by_time ON support_request (opened_at, number, tenant);

CREATE INDEX support_request_of_person ON support_request (opened_by, opened_at, number, tenant);

CREATE INDEX support_request_of_tenant ON support_request (tenant, opened_at, number);

CREATE INDEX support_request_of_tenant_by_state
ON support_request (tenant, state, opened_at, number);

CREATE INDEX support_request_written ON support_request (tenant, number)
WHERE entry_count > 0;

CREATE INDEX token_by_expiry ON api_token (expires_at);

CREATE INDEX token_by_issue ON api_token (person, created_at, id);

CREATE INDEX token_by_revocation ON api_token (revoked_at)
WHERE revoked_at IS NOT NULL;

CREATE INDEX token_of_person ON api_token (person, created_at, id) WHERE revoked_at IS NULL;

CREATE TABLE access_grant (
    id TEXT NOT NULL PRIMARY KEY,
    request TEXT NOT NULL UNIQUE REFERENCES access_request (id),
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    scope TEXT NOT NULL CHECK (scope <> ''),
    basis TEXT NOT NULL,
    UNIQUE (id, request),
    CHECK (starts_at < ends_at)
) STRICT;

CREATE TABLE access_request (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenant (id),
    support_request TEXT NOT NULL,
    engineer TEXT NOT NULL REFERENCES person (id),
    reason TEXT NOT NULL,
    duration INTEGER NOT NULL CHECK (duration > 0),
    scope TEXT NOT NULL CHECK (scope <> ''),
    not_before INTEGER,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    prior_state TEXT NOT NULL,
    state TEXT NOT NULL,
    deadline INTEGER,
    asked_at INTEGER,
    approvals_needed INTEGER CHECK (approvals_needed > 0),
    settled_at INTEGER,
    ending_reason TEXT,
    ended_by TEXT REFERENCES person (id),
    comment TEXT,
    expired_stage TEXT, asked_by TEXT REFERENCES person (id),
    FOREIGN KEY (prior_state, state) REFERENCES request_transition (prior, next),
    FOREIGN KEY (tenant, support_request) REFERENCES support_request (tenant, number),
    CHECK ((settled_at IS NULL) = (deadline IS NOT NULL))
) STRICT;

CREATE TABLE api_token (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    person TEXT NOT NULL REFERENCES person (id),
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
, scopes INTEGER NOT NULL DEFAULT 15, addresses TEXT NOT NULL DEFAULT '[]', last_used_at INTEGER, last_used_from TEXT, access_hash BLOB CHECK (length(access_hash) = 32), access_ends_at INTEGER, refresh_hash BLOB CHECK (length(refresh_hash) = 32), idle_ends_at INTEGER) STRICT;

CREATE TABLE browser_code (
    code_hash BLOB NOT NULL PRIMARY KEY CHECK (length(code_hash) = 32),
    credential TEXT NOT NULL REFERENCES credential (id),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CHECK (issued_at < expires_at)
) STRICT;

CREATE TABLE command (
    person TEXT NOT NULL REFERENCES person (id),
    idempotency_key TEXT NOT NULL,
    payload_hash BLOB NOT NULL CHECK (length(payload_hash) = 32),
    subject TEXT NOT NULL,
    carried_out_at INTEGER NOT NULL,
    PRIMARY KEY (person, idempotency_key)
) STRICT;

CREATE TABLE cosignature (
    log TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    witness TEXT NOT NULL CHECK (length(witness) > 0),
    line TEXT NOT NULL CHECK (length(line) > 0),
    PRIMARY KEY (log, size, witness)
) STRICT;

CREATE TABLE credential (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    request TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    tenant TEXT NOT NULL REFERENCES tenant (id),
    engineer TEXT NOT NULL REFERENCES person (id),
    service TEXT NOT NULL,
    resource TEXT NOT NULL,
    actions INTEGER NOT NULL CHECK (actions > 0),
    username TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    FOREIGN KEY (grant_id, request) REFERENCES access_grant (id, request)
) STRICT;

CREATE TABLE credential_use (
    credential TEXT NOT NULL PRIMARY KEY REFERENCES credential (id),
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    uses INTEGER NOT NULL CHECK (uses > 0)
) STRICT;

CREATE TABLE decision (
    request TEXT NOT NULL REFERENCES access_request (id),
    position INTEGER NOT NULL CHECK (position >= 0),
    stage TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    is_approval INTEGER NOT NULL CHECK (is_approval IN (0, 1)),
    duration INTEGER CHECK (duration > 0),
    scope TEXT CHECK (scope <> ''),
    comment TEXT,
    decided_at INTEGER NOT NULL, is_signed INTEGER NOT NULL DEFAULT 0
CHECK (is_signed = 0 OR is_signed = 1 AND is_approval = 1 AND stage = 'customer'),
    PRIMARY KEY (request, position),
    UNIQUE (request, person),
    CHECK (is_approval = 1 OR (duration IS NULL AND scope IS NULL))
) STRICT;

CREATE TABLE erasure (
    log TEXT NOT NULL,
    position INTEGER NOT NULL,
    field TEXT NOT NULL,
    record INTEGER NOT NULL CHECK (record > position),
    request TEXT,
    support_request TEXT,
    PRIMARY KEY (log, position, field),
    FOREIGN KEY (log, position) REFERENCES log_entry (log, position),
    FOREIGN KEY (log, record) REFERENCES log_entry (log, position)
) STRICT;

CREATE TABLE group_roles (
    organisation TEXT NOT NULL,
    name_key TEXT NOT NULL,
    group_name TEXT NOT NULL,
    roles INTEGER NOT NULL CHECK (roles > 0),
    PRIMARY KEY (organisation, name_key)
) STRICT;

CREATE TABLE identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (issuer, subject)
) STRICT;

CREATE TABLE invitation (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    person TEXT NOT NULL REFERENCES person (id),
    purpose TEXT NOT NULL,
    made_by TEXT REFERENCES person (id),
    made_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    wrong_codes INTEGER NOT NULL CHECK (wrong_codes >= 0),
    used_at INTEGER,
    withdrawn_at INTEGER,
    CHECK (made_at < ends_at),
    CHECK (used_at IS NULL OR withdrawn_at IS NULL)
) STRICT;

CREATE TABLE log_checkpoint (
    log TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    ordinal INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL,
    PRIMARY KEY (log, size, ordinal)
) STRICT;

CREATE TABLE log_entry (
    log TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    time INTEGER NOT NULL,
    activity TEXT NOT NULL,
    actor TEXT NOT NULL,
    request TEXT,
    leaf BLOB NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (log, position)
) STRICT;

CREATE TABLE log_head (
    log TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size > 0),
    range_hashes BLOB NOT NULL,
    last_time INTEGER NOT NULL
) STRICT;

CREATE TABLE log_number (
    log TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 4194303)
) STRICT;

CREATE TABLE log_origin (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    origin TEXT NOT NULL CHECK (length(origin) BETWEEN 1 AND 200)
) STRICT;

CREATE TABLE log_text (
    log TEXT NOT NULL,
    position INTEGER NOT NULL,
    field TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    salt BLOB,
    names_someone INTEGER NOT NULL CHECK (names_someone IN (0, 1)),
    content TEXT,
    PRIMARY KEY (log, position, ordinal),
    FOREIGN KEY (log, position) REFERENCES log_entry (log, position)
) STRICT;

CREATE TABLE log_tile (
    log TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level > 0),
    position INTEGER NOT NULL CHECK (position >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (log, level, position)
) STRICT;

CREATE VIRTUAL TABLE log_words USING fts5 (
    names, others,
    content = '', columnsize = 0, detail = 'column', tokenize = 'trigram'
);

CREATE TABLE 'log_words_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'log_words_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'log_words_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

CREATE TABLE login_request (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    user_code_hash BLOB UNIQUE CHECK (length(user_code_hash) = 32),
    device TEXT NOT NULL,
    asked_from TEXT,
    scopes INTEGER NOT NULL,
    redirect TEXT,
    challenge TEXT,
    made_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    person TEXT REFERENCES person (id),
    is_denied INTEGER NOT NULL CHECK (is_denied IN (0, 1)),
    token TEXT,
    CHECK (made_at < ends_at),
    CHECK ((redirect IS NULL) = (challenge IS NULL)),
    CHECK ((redirect IS NULL) = (user_code_hash IS NOT NULL)),
    CHECK (is_denied = 0 OR person IS NULL),
    CHECK (token IS NULL OR person IS NOT NULL)
) STRICT;

CREATE TABLE message (
    request TEXT NOT NULL REFERENCES access_request (id),
    number INTEGER NOT NULL CHECK (number > 0),
    person TEXT NOT NULL REFERENCES person (id),
    content TEXT NOT NULL CHECK (content <> ''),
    posted_at INTEGER NOT NULL,
    PRIMARY KEY (request, number)
) STRICT;

CREATE TABLE notice (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    tenant TEXT REFERENCES tenant (id),
    request TEXT REFERENCES access_request (id),
    recipient TEXT REFERENCES person (id),
    recipient_name TEXT NOT NULL,
    recipient_address TEXT NOT NULL,
    facts TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    good_until INTEGER,
    delivery TEXT NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    last_reply TEXT,
    sent_at INTEGER
, begun_at INTEGER, is_unwanted INTEGER NOT NULL DEFAULT 0
    CHECK (is_unwanted IN (0, 1)), send_at INTEGER NOT NULL DEFAULT 0, priority INTEGER NOT NULL DEFAULT 1, trouble TEXT, support_request TEXT
CHECK (support_request IS NULL OR tenant IS NOT NULL)) STRICT;

CREATE TABLE open_operation (
    grant_id TEXT NOT NULL REFERENCES access_grant (id),
    service TEXT NOT NULL REFERENCES service (id),
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    at INTEGER NOT NULL,
    is_write INTEGER NOT NULL CHECK (is_write IN (0, 1)),
    subject TEXT NOT NULL,
    line TEXT NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (grant_id, service, ordinal)
) STRICT;

CREATE TABLE operation_total (
    grant_id TEXT NOT NULL REFERENCES access_grant (id),
    service TEXT NOT NULL REFERENCES service (id),
    subject TEXT NOT NULL,
    reads INTEGER NOT NULL CHECK (reads >= 0),
    writes INTEGER NOT NULL CHECK (writes >= 0),
    PRIMARY KEY (grant_id, service, subject)
) STRICT;

CREATE TABLE passkey (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    name TEXT NOT NULL,
    credential BLOB NOT NULL UNIQUE CHECK (length(credential) BETWEEN 16 AND 1023),
    public_key BLOB NOT NULL CHECK (length(public_key) BETWEEN 1 AND 2048),
    user_handle BLOB NOT NULL CHECK (length(user_handle) = 32),
    created_at INTEGER NOT NULL,
    is_backup_eligible INTEGER NOT NULL CHECK (is_backup_eligible IN (0, 1)),
    is_backed_up INTEGER NOT NULL CHECK (is_backed_up IN (0, 1)),
    counter INTEGER NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
    last_used_at INTEGER,
    answered_at INTEGER NOT NULL,
    removed_at INTEGER,
    CHECK (is_backed_up = 0 OR is_backup_eligible = 1)
) STRICT;

CREATE TABLE password (
    person TEXT NOT NULL PRIMARY KEY REFERENCES person (id),
    encoded TEXT NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    locked_until INTEGER
, failures_since INTEGER) STRICT;

CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT REFERENCES tenant (id),
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    canonical_email TEXT NOT NULL,
    aliases TEXT NOT NULL,
    roles INTEGER NOT NULL CHECK (roles >= 0),
    is_disabled INTEGER NOT NULL CHECK (is_disabled IN (0, 1))
, muted_letters INTEGER NOT NULL DEFAULT 0 CHECK (muted_letters >= 0), decides_from INTEGER, confirmed_by TEXT NOT NULL DEFAULT '[]', is_program INTEGER NOT NULL DEFAULT 0
CHECK (is_program = 0 OR is_program = 1 AND tenant IS NULL AND roles IN (0, 1)), time_zone TEXT
CHECK (length(time_zone) BETWEEN 1 AND 64 AND time_zone NOT GLOB '*[^A-Za-z0-9+_/-]*'
    AND time_zone GLOB '[A-Za-z]*')) STRICT;

CREATE TABLE person_proposal (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenant (id),
    person TEXT NOT NULL UNIQUE REFERENCES person (id),
    made_at INTEGER NOT NULL,
    roles TEXT,
    email TEXT,
    aliases TEXT,
    switches_on INTEGER NOT NULL CHECK (switches_on IN (0, 1)),
    declined_at INTEGER CHECK (declined_at >= made_at),
    CHECK (roles IS NOT NULL OR email IS NOT NULL OR aliases IS NOT NULL
        OR switches_on = 1)
) STRICT;

CREATE TABLE policy_change (
    id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL UNIQUE REFERENCES tenant (id),
    version INTEGER NOT NULL CHECK (version > 0),
    require_approval INTEGER NOT NULL CHECK (require_approval IN (0, 1)),
    decision_window INTEGER NOT NULL CHECK (decision_window > 0),
    max_access INTEGER NOT NULL CHECK (max_access > 0),
    approvals_needed INTEGER NOT NULL CHECK (approvals_needed > 0),
    withheld_from_tokens INTEGER NOT NULL,
    cooling_off INTEGER NOT NULL CHECK (cooling_off > 0),
    made_by TEXT NOT NULL REFERENCES person (id),
    made_at INTEGER NOT NULL,
    takes_effect_at INTEGER NOT NULL CHECK (takes_effect_at > made_at),
    agreed TEXT NOT NULL
, allows_programs INTEGER NOT NULL DEFAULT 1
CHECK (allows_programs IN (0, 1)), retention INTEGER CHECK (retention > 0), signed_approvals TEXT NOT NULL DEFAULT 'off'
CHECK (signed_approvals IN ('off', 'required')), closes_unknown_access INTEGER NOT NULL DEFAULT 0
CHECK (closes_unknown_access IN (0, 1)), signed_changes TEXT NOT NULL DEFAULT 'off'
CHECK (signed_changes IN ('off', 'required'))) STRICT;

CREATE TABLE portal_session (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    person TEXT NOT NULL REFERENCES person (id),
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER, issuer TEXT, issuer_session TEXT, passkey TEXT REFERENCES passkey (id),
    CHECK (created_at < expires_at)
) STRICT;

CREATE TABLE provider (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL
) STRICT;

CREATE TABLE provisioned_group (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL,
    display_name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    external_id TEXT,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (organisation, name_key)
) STRICT;

CREATE TABLE provisioned_member (
    group_id TEXT NOT NULL REFERENCES provisioned_group (id),
    person TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (group_id, person)
) STRICT;

CREATE TABLE provisioned_user (
    person TEXT NOT NULL PRIMARY KEY REFERENCES person (id),
    organisation TEXT NOT NULL,
    user_name TEXT NOT NULL,
    user_name_key TEXT NOT NULL,
    external_id TEXT,
    display_name TEXT,
    formatted_name TEXT,
    given_name TEXT,
    family_name TEXT,
    emails TEXT NOT NULL,
    is_active INTEGER CHECK (is_active IN (0, 1)),
    group_roles INTEGER NOT NULL,
    is_gone INTEGER NOT NULL CHECK (is_gone IN (0, 1)),
    made_with TEXT NOT NULL REFERENCES provisioning_token (id),
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (organisation, user_name_key)
) STRICT;

CREATE TABLE provisioning_token (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    organisation TEXT NOT NULL,
    label TEXT NOT NULL,
    addresses TEXT NOT NULL,
    made_by TEXT REFERENCES person (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER,
    last_used_from TEXT,
    revoked_at INTEGER,
    CHECK (created_at < expires_at)
) STRICT;

CREATE TABLE removal (
    grant_id TEXT NOT NULL,
    service TEXT NOT NULL,
    request TEXT NOT NULL,
    tenant TEXT NOT NULL REFERENCES tenant (id),
    usernames TEXT NOT NULL,
    progress TEXT NOT NULL,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    next_attempt INTEGER NOT NULL,
    problem TEXT, cut_at INTEGER,
    PRIMARY KEY (grant_id, service),
    FOREIGN KEY (grant_id, request) REFERENCES access_grant (id, request)
) STRICT;

CREATE TABLE request_transition (
    prior TEXT NOT NULL,
    next TEXT NOT NULL,
    PRIMARY KEY (prior, next)
) STRICT;

CREATE TABLE resource (
    service TEXT NOT NULL REFERENCES service (id),
    name TEXT NOT NULL,
    tenant TEXT NOT NULL REFERENCES tenant (id),
    PRIMARY KEY (service, name)
) STRICT;

CREATE TABLE schema_migration (
    number BIGINT NOT NULL PRIMARY KEY CHECK (number > 0),
    name TEXT NOT NULL
);

CREATE TABLE service (
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    kind TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    introspection_client TEXT UNIQUE,
    introspection_secret_file TEXT,
    doveadm_url TEXT,
    doveadm_key_file TEXT, settings TEXT NOT NULL DEFAULT '{}',
    CHECK ((introspection_client IS NULL) = (introspection_secret_file IS NULL)),
    CHECK ((doveadm_url IS NULL) = (doveadm_key_file IS NULL))
) STRICT;

CREATE TABLE sign_in_change (
    id TEXT NOT NULL PRIMARY KEY,
    organisation TEXT NOT NULL UNIQUE,
    made_by TEXT NOT NULL REFERENCES person (id),
    made_at INTEGER NOT NULL,
    takes_effect_at INTEGER NOT NULL CHECK (takes_effect_at > made_at),
    issuer TEXT,
    client_id TEXT,
    authentication TEXT CHECK (authentication IN
        ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none')),
    client_secret_file TEXT,
    client_secret_sealed BLOB,
    acr_values TEXT NOT NULL,
    trusts_addresses INTEGER NOT NULL CHECK (trusts_addresses IN (0, 1)),
    roles_claim TEXT,
    claimed_roles TEXT,
    allows_passwords INTEGER NOT NULL CHECK (allows_passwords IN (0, 1)),
    domains TEXT, allows_passkeys INTEGER NOT NULL DEFAULT 0
CHECK (allows_passkeys IN (0, 1)),
    CHECK ((issuer IS NULL) = (client_id IS NULL)),
    CHECK ((issuer IS NULL) = (authentication IS NULL)),
    CHECK ((claimed_roles IS NULL) = (roles_claim IS NULL))
) STRICT;

CREATE TABLE sign_in_client (
    person TEXT NOT NULL REFERENCES person (id),
    client_hash BLOB NOT NULL CHECK (length(client_hash) = 32),
    failures INTEGER NOT NULL CHECK (failures >= 0),
    held_until INTEGER,
    succeeded_at INTEGER,
    kept_until INTEGER NOT NULL,
    PRIMARY KEY (person, client_hash)
) STRICT;

CREATE TABLE sign_in_settings (
    organisation TEXT NOT NULL PRIMARY KEY,
    issuer TEXT,
    client_id TEXT,
    authentication TEXT CHECK (authentication IN
        ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none')),
    client_secret_file TEXT,
    acr_values TEXT NOT NULL,
    trusts_addresses INTEGER NOT NULL CHECK (trusts_addresses IN (0, 1)),
    allows_passwords INTEGER NOT NULL CHECK (allows_passwords IN (0, 1)),
    domains TEXT, roles_claim TEXT
    CHECK (roles_claim IS NULL OR issuer IS NOT NULL), claimed_roles TEXT
    CHECK ((claimed_roles IS NULL) = (roles_claim IS NULL)), recovery_until INTEGER, client_secret_sealed BLOB
    CHECK (client_secret_sealed IS NULL OR client_secret_file IS NULL), allows_passkeys INTEGER NOT NULL DEFAULT 0
CHECK (allows_passkeys IN (0, 1)),
    CHECK ((issuer IS NULL) = (client_id IS NULL)),
    CHECK ((issuer IS NULL) = (authentication IS NULL))
) STRICT;

CREATE TABLE statement_position (
    service TEXT NOT NULL REFERENCES service (id),
    file TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    at INTEGER NOT NULL,
    PRIMARY KEY (service, file)
) STRICT;

CREATE TABLE support_entry (
    tenant TEXT NOT NULL,
    support_request TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    person TEXT NOT NULL REFERENCES person (id),
    act TEXT NOT NULL CHECK (act IN ('wrote', 'closed', 'reopened')),
    content TEXT CHECK (content <> ''),
    posted_at INTEGER NOT NULL,
    CHECK (act <> 'wrote' OR content IS NOT NULL),
    PRIMARY KEY (tenant, support_request, number),
    FOREIGN KEY (tenant, support_request) REFERENCES support_request (tenant, number)
) STRICT;

CREATE TABLE support_request (
    tenant TEXT NOT NULL REFERENCES tenant (id),
    number TEXT NOT NULL,
    subject TEXT NOT NULL,
    description TEXT NOT NULL,
    service TEXT REFERENCES service (id),
    url TEXT,
    opened_by TEXT NOT NULL REFERENCES person (id),
    opened_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'open'
CHECK (state IN ('open', 'answered', 'closed')), entry_count INTEGER NOT NULL DEFAULT 0
CHECK (entry_count > 0 OR entry_count = 0 AND state = 'open'), answered_by TEXT REFERENCES person (id), answered_at INTEGER
CHECK ((answered_at IS NULL) = (answered_by IS NULL)
    AND (answered_at IS NULL OR entry_count > 0)
    AND (state <> 'answered' OR answered_at IS NOT NULL)),
    PRIMARY KEY (tenant, number)
) STRICT;

CREATE TABLE tenant (
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    name TEXT NOT NULL,
    is_licensed INTEGER NOT NULL CHECK (is_licensed IN (0, 1)),
    require_approval INTEGER NOT NULL CHECK (require_approval IN (0, 1)),
    decision_window INTEGER NOT NULL CHECK (decision_window > 0),
    max_access INTEGER NOT NULL CHECK (max_access > 0),
    approvals_needed INTEGER NOT NULL CHECK (approvals_needed > 0),
    version INTEGER NOT NULL CHECK (version > 0)
, domains TEXT NOT NULL DEFAULT '[]', administered_since INTEGER, withheld_from_tokens INTEGER NOT NULL DEFAULT 0, cooling_off INTEGER NOT NULL DEFAULT 86400000
    CHECK (cooling_off > 0), allows_programs INTEGER NOT NULL DEFAULT 1
CHECK (allows_programs IN (0, 1)), retention INTEGER CHECK (retention > 0), signed_approvals TEXT NOT NULL DEFAULT 'off'
CHECK (signed_approvals IN ('off', 'required')), closes_unknown_access INTEGER NOT NULL DEFAULT 0
CHECK (closes_unknown_access IN (0, 1)), signed_changes TEXT NOT NULL DEFAULT 'off'
CHECK (signed_changes IN ('off', 'required'))) STRICT;

CREATE TABLE work_lease (
    lane TEXT NOT NULL PRIMARY KEY,
    holder TEXT,
    epoch INTEGER NOT NULL,
    beat INTEGER NOT NULL
) STRICT;

CREATE TRIGGER access_grant_delete_guard
BEFORE DELETE ON access_grant

BEGIN
    SELECT RAISE(ABORT, 'access_grant: rows are kept for ever');
END;

CREATE TRIGGER access_grant_update_guard
BEFORE UPDATE ON access_grant
WHEN NEW.id IS NOT OLD.id
    OR NEW.request IS NOT OLD.request
    OR NEW.starts_at IS NOT OLD.starts_at
    OR NEW.ends_at IS NOT OLD.ends_at
    OR NEW.basis IS NOT OLD.basis
    OR NOT EXISTS (SELECT 1 FROM access_request r JOIN erasure x
        ON x.log = r.tenant AND x.request = r.id
        WHERE r.id = OLD.request AND r.settled_at IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'access_grant: rows never change');
END;

CREATE TRIGGER access_request_delete_guard
BEFORE DELETE ON access_request

BEGIN
    SELECT RAISE(ABORT, 'access_request: rows are kept for ever');
END;

CREATE TRIGGER access_request_insert_closed
BEFORE INSERT ON access_request
WHEN EXISTS (SELECT 1 FROM support_request s
    WHERE s.tenant = NEW.tenant AND s.number = NEW.support_request
        AND s.state = 'closed')
BEGIN
    SELECT RAISE(ABORT, 'access_request: its support request is closed');
END;

CREATE TRIGGER access_request_insert_columns
BEFORE INSERT ON access_request
WHEN (NEW.deadline IS NOT NULL) <>
        (NEW.state IN ('awaitingManager', 'awaitingCustomer', 'scheduled', 'active'))
    OR (NEW.asked_at IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
    OR (NEW.approvals_needed IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
    OR (NEW.ending_reason IS NOT NULL) <> (NEW.state = 'ended')
    OR (NEW.ended_by IS NOT NULL AND NEW.state <> 'ended')
    OR (NEW.comment IS NOT NULL AND NEW.state NOT IN ('ended', 'withdrawn'))
    OR (NEW.expired_stage IS NOT NULL) <> (NEW.state = 'expired')
BEGIN
    SELECT RAISE(ABORT, 'access_request: the columns do not fit the state');
END;

CREATE TRIGGER access_request_insert_guard
BEFORE INSERT ON access_request
WHEN NEW.version <> 1 OR NEW.prior_state <> ''
BEGIN
    SELECT RAISE(ABORT, 'access_request: a request begins at version 1');
END;

CREATE TRIGGER access_request_update_asker
BEFORE UPDATE ON access_request
WHEN NEW.asked_by IS NOT OLD.asked_by
BEGIN
    SELECT RAISE(ABORT, 'access_request: what it is about never changes');
END;

CREATE TRIGGER access_request_update_columns
BEFORE UPDATE ON access_request
WHEN (NEW.deadline IS NOT NULL) <>
        (NEW.state IN ('awaitingManager', 'awaitingCustomer', 'scheduled', 'active'))
    OR (NEW.asked_at IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
    OR (NEW.approvals_needed IS NOT NULL) <> (NEW.state = 'awaitingCustomer')
    OR (NEW.ending_reason IS NOT NULL) <> (NEW.state = 'ended')
    OR (NEW.ended_by IS NOT NULL AND NEW.state <> 'ended')
    OR (NEW.comment IS NOT NULL AND NEW.state NOT IN ('ended', 'withdrawn'))
    OR (NEW.expired_stage IS NOT NULL) <> (NEW.state = 'expired')
BEGIN
    SELECT RAISE(ABORT, 'access_request: the columns do not fit the state');
END;

CREATE TRIGGER access_request_update_grant
BEFORE UPDATE ON access_request
WHEN (NEW.state IN ('scheduled', 'active', 'ended')) <> EXISTS (
    SELECT 1 FROM access_grant WHERE request = NEW.id AND CASE NEW.state
        WHEN 'scheduled' THEN starts_at = NEW.deadline
        WHEN 'active' THEN ends_at = NEW.deadline
        ELSE TRUE END
)
BEGIN
    SELECT RAISE(ABORT, 'access_request: the state does not fit the grant');
END;

CREATE TRIGGER access_request_update_prior
BEFORE UPDATE ON access_request
WHEN NEW.prior_state <> CASE NEW.version
    WHEN OLD.version THEN OLD.prior_state ELSE OLD.state END
BEGIN
    SELECT RAISE(ABORT, 'access_request: the prior state must be the present one');
END;

CREATE TRIGGER access_request_update_unchanging
BEFORE UPDATE ON access_request
WHEN NEW.id IS NOT OLD.id
    OR NEW.tenant IS NOT OLD.tenant
    OR NEW.support_request IS NOT OLD.support_request
    OR NEW.engineer IS NOT OLD.engineer
    OR NEW.duration IS NOT OLD.duration
    OR NEW.not_before IS NOT OLD.not_before
    OR NEW.created_at IS NOT OLD.created_at
    OR (NEW.reason IS NOT OLD.reason OR NEW.scope IS NOT OLD.scope)
        AND NEW.version <> OLD.version
BEGIN
    SELECT RAISE(ABORT, 'access_request: what it is about never changes');
END;

CREATE TRIGGER access_request_update_version
BEFORE UPDATE ON access_request
WHEN NEW.version <> OLD.version + 1 AND NOT (
    NEW.version = OLD.version
    AND NEW.state = OLD.state
    AND NEW.settled_at IS OLD.settled_at
    AND NEW.ending_reason IS OLD.ending_reason
    AND NEW.ended_by IS OLD.ended_by
    AND NEW.expired_stage IS OLD.expired_stage
    AND OLD.settled_at IS NOT NULL
    AND EXISTS (SELECT 1 FROM erasure WHERE log = OLD.tenant AND request = OLD.id)
)
BEGIN
    SELECT RAISE(ABORT, 'access_request: the version before must be the present one');
END;

CREATE TRIGGER api_token_delete_guard
BEFORE DELETE ON api_token
WHEN OLD.expires_at IS NULL AND OLD.revoked_at IS NULL
BEGIN
    SELECT RAISE(ABORT, 'api_token: a token without an end is kept');
END;

CREATE TRIGGER api_token_update_login
BEFORE UPDATE ON api_token
WHEN (NEW.idle_ends_at IS NULL) IS NOT (OLD.idle_ends_at IS NULL)
    OR (NEW.access_ends_at IS NULL) IS NOT (OLD.access_ends_at IS NULL)
    OR OLD.idle_ends_at IS NULL
        AND (NEW.access_hash IS NOT NULL OR NEW.refresh_hash IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'api_token: a token never becomes a login, nor the other way');
END;

CREATE TRIGGER api_token_update_revoked
BEFORE UPDATE ON api_token
WHEN OLD.revoked_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'api_token: a revoked token stays revoked');
END;

CREATE TRIGGER api_token_update_unchanging
BEFORE UPDATE ON api_token
WHEN NEW.id IS NOT OLD.id
    OR NEW.secret_hash IS NOT OLD.secret_hash
    OR NEW.person IS NOT OLD.person
    OR NEW.label IS NOT OLD.label
    OR NEW.scopes IS NOT OLD.scopes
    OR NEW.addresses IS NOT OLD.addresses
    OR NEW.created_at IS NOT OLD.created_at
    OR NEW.expires_at IS NOT OLD.expires_at
BEGIN
    SELECT RAISE(ABORT, 'api_token: what it is about never changes');
END;

CREATE TRIGGER browser_code_update_guard
BEFORE UPDATE ON browser_code

BEGIN
    SELECT RAISE(ABORT, 'browser_code: rows never change');
END;

CREATE TRIGGER command_update_guard
BEFORE UPDATE ON command

BEGIN
    SELECT RAISE(ABORT, 'command: rows never change');
END;

CREATE TRIGGER credential_delete_guard
BEFORE DELETE ON credential

BEGIN
    SELECT RAISE(ABORT, 'credential: rows are kept for ever');
END;

CREATE TRIGGER credential_insert_guard
BEFORE INSERT ON credential
WHEN NEW.expires_at > (SELECT ends_at FROM access_grant WHERE id = NEW.grant_id)
BEGIN
    SELECT RAISE(ABORT, 'credential: it may not outlive its grant');
END;

CREATE TRIGGER credential_update_revoked
BEFORE UPDATE ON credential
WHEN OLD.revoked_at IS NOT NULL
    AND (NEW.revoked_at IS NOT OLD.revoked_at OR NEW.resource IS OLD.resource)
BEGIN
    SELECT RAISE(ABORT, 'credential: a revoked credential stays revoked');
END;

CREATE TRIGGER credential_update_unchanging
BEFORE UPDATE ON credential
WHEN NEW.id IS NOT OLD.id
    OR NEW.secret_hash IS NOT OLD.secret_hash
    OR NEW.request IS NOT OLD.request
    OR NEW.grant_id IS NOT OLD.grant_id
    OR NEW.tenant IS NOT OLD.tenant
    OR NEW.engineer IS NOT OLD.engineer
    OR NEW.service IS NOT OLD.service
    OR NEW.actions IS NOT OLD.actions
    OR NEW.username IS NOT OLD.username
    OR NEW.issued_at IS NOT OLD.issued_at
    OR NEW.expires_at IS NOT OLD.expires_at
    OR NEW.resource IS NOT OLD.resource AND NOT EXISTS (
        SELECT 1 FROM access_request r JOIN erasure x
        ON x.log = r.tenant AND x.request = r.id
        WHERE r.id = OLD.request AND r.settled_at IS NOT NULL)
BEGIN
    SELECT RAISE(ABORT, 'credential: what it is about never changes');
END;

CREATE TRIGGER credential_use_delete_guard
BEFORE DELETE ON credential_use

BEGIN
    SELECT RAISE(ABORT, 'credential_use: rows are kept for ever');
END;

CREATE TRIGGER decision_delete_guard
BEFORE DELETE ON decision

BEGIN
    SELECT RAISE(ABORT, 'decision: rows are kept for ever');
END;

CREATE TRIGGER decision_insert_dense
BEFORE INSERT ON decision
WHEN NEW.position <> (SELECT count(*) FROM decision WHERE request = NEW.request)
BEGIN
    SELECT RAISE(ABORT, 'decision: positions have no gaps');
END;

CREATE TRIGGER decision_update_guard
BEFORE UPDATE ON decision
WHEN NEW.request IS NOT OLD.request
    OR NEW.position IS NOT OLD.position
    OR NEW.stage IS NOT OLD.stage
    OR NEW.person IS NOT OLD.person
    OR NEW.is_approval IS NOT OLD.is_approval
    OR NEW.duration IS NOT OLD.duration
    OR NEW.decided_at IS NOT OLD.decided_at
    OR NOT EXISTS (SELECT 1 FROM access_request r JOIN erasure x
        ON x.log = r.tenant AND x.request = r.id WHERE r.id = OLD.request)
BEGIN
    SELECT RAISE(ABORT, 'decision: rows never change');
END;

CREATE TRIGGER erasure_delete_guard
BEFORE DELETE ON erasure
BEGIN
    SELECT RAISE(ABORT, 'erasure: rows are kept for ever');
END;

CREATE TRIGGER erasure_insert_guard
BEFORE INSERT ON erasure
WHEN NOT EXISTS (
    SELECT 1 FROM log_entry e JOIN log_head h ON h.log = e.log AND h.size = e.position + 1
    WHERE e.log = NEW.log AND e.position = NEW.record AND e.activity = 'texts.erased'
)
BEGIN
    SELECT RAISE(ABORT, 'erasure: it comes with its record');
END;

CREATE TRIGGER erasure_update_guard
BEFORE UPDATE ON erasure
BEGIN
    SELECT RAISE(ABORT, 'erasure: rows never change');
END;

CREATE TRIGGER invitation_update_over
BEFORE UPDATE ON invitation
WHEN OLD.used_at IS NOT NULL OR OLD.withdrawn_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'invitation: what is over stays over');
END;

CREATE TRIGGER invitation_update_unchanging
BEFORE UPDATE ON invitation
WHEN NEW.id IS NOT OLD.id
    OR NEW.person IS NOT OLD.person
    OR NEW.purpose IS NOT OLD.purpose
    OR NEW.made_by IS NOT OLD.made_by
    OR NEW.made_at IS NOT OLD.made_at
    OR NEW.ends_at IS NOT OLD.ends_at
    OR NEW.wrong_codes < OLD.wrong_codes
BEGIN
    SELECT RAISE(ABORT, 'invitation: what it is about never changes');
END;

CREATE TRIGGER log_checkpoint_delete_guard
BEFORE DELETE ON log_checkpoint

BEGIN
    SELECT RAISE(ABORT, 'log_checkpoint: rows are kept for ever');
END;

CREATE TRIGGER log_checkpoint_insert_root
BEFORE INSERT ON log_checkpoint
WHEN EXISTS (
    SELECT 1 FROM log_checkpoint
    WHERE log = NEW.log AND size = NEW.size AND root <> NEW.root
)
BEGIN
    SELECT RAISE(ABORT, 'log_checkpoint: another root was signed at this size');
END;

CREATE TRIGGER log_checkpoint_insert_size
BEFORE INSERT ON log_checkpoint
WHEN NEW.size > coalesce((SELECT size FROM log_head WHERE log = NEW.log), 0)
BEGIN
    SELECT RAISE(ABORT, 'log_checkpoint: the log is not that long');
END;

CREATE TRIGGER log_checkpoint_update_guard
BEFORE UPDATE ON log_checkpoint

BEGIN
    SELECT RAISE(ABORT, 'log_checkpoint: rows never change');
END;

CREATE TRIGGER log_entry_delete_guard
BEFORE DELETE ON log_entry

BEGIN
    SELECT RAISE(ABORT, 'log_entry: rows are kept for ever');
END;

CREATE TRIGGER log_entry_insert_dense
BEFORE INSERT ON log_entry
WHEN NEW.position <> coalesce((SELECT size FROM log_head WHERE log = NEW.log), 0)
BEGIN
    SELECT RAISE(ABORT, 'log_entry: the next position is the size of the log');
END;

CREATE TRIGGER log_entry_insert_time
BEFORE INSERT ON log_entry
WHEN NEW.time < (SELECT last_time FROM log_head WHERE log = NEW.log)
BEGIN
    SELECT RAISE(ABORT, 'log_entry: time does not run backwards');
END;

CREATE TRIGGER log_entry_update_guard
BEFORE UPDATE ON log_entry

BEGIN
    SELECT RAISE(ABORT, 'log_entry: rows never change');
END;

CREATE TRIGGER log_head_delete_guard
BEFORE DELETE ON log_head

BEGIN
    SELECT RAISE(ABORT, 'log_head: rows are kept for ever');
END;

CREATE TRIGGER log_head_insert_step
BEFORE INSERT ON log_head
WHEN NEW.size <> 0 + 1 OR NOT EXISTS (
    SELECT 1 FROM log_entry
    WHERE log = NEW.log AND position = NEW.size - 1 AND time = NEW.last_time
)
BEGIN
    SELECT RAISE(ABORT, 'log_head: a head moves with its entry');
END;

CREATE TRIGGER log_head_update_step
BEFORE UPDATE ON log_head
WHEN NEW.size <> OLD.size + 1 OR NOT EXISTS (
    SELECT 1 FROM log_entry
    WHERE log = NEW.log AND position = NEW.size - 1 AND time = NEW.last_time
)
BEGIN
    SELECT RAISE(ABORT, 'log_head: a head moves with its entry');
END;

CREATE TRIGGER log_head_update_unchanging
BEFORE UPDATE ON log_head
WHEN NEW.log IS NOT OLD.log
BEGIN
    SELECT RAISE(ABORT, 'log_head: what it is about never changes');
END;

CREATE TRIGGER log_number_delete_guard
BEFORE DELETE ON log_number

BEGIN
    SELECT RAISE(ABORT, 'log_number: rows are kept for ever');
END;

CREATE TRIGGER log_number_update_guard
BEFORE UPDATE ON log_number

BEGIN
    SELECT RAISE(ABORT, 'log_number: rows never change');
END;

CREATE TRIGGER log_origin_delete_guard
BEFORE DELETE ON log_origin

BEGIN
    SELECT RAISE(ABORT, 'log_origin: logs keep their name');
END;

CREATE TRIGGER log_origin_update_guard
BEFORE UPDATE ON log_origin

BEGIN
    SELECT RAISE(ABORT, 'log_origin: logs keep their name');
END;

CREATE TRIGGER log_text_delete_guard
BEFORE DELETE ON log_text

BEGIN
    SELECT RAISE(ABORT, 'log_text: rows are kept for ever');
END;

CREATE TRIGGER log_text_insert_field
BEFORE INSERT ON log_text
WHEN EXISTS (
    SELECT 1 FROM log_text
    WHERE log = NEW.log AND position = NEW.position AND field = NEW.field
)
BEGIN
    SELECT RAISE(ABORT, 'log_text: a field has one text');
END;

CREATE TRIGGER log_text_insert_guard
BEFORE INSERT ON log_text
WHEN NEW.position < (SELECT size FROM log_head WHERE log = NEW.log)
BEGIN
    SELECT RAISE(ABORT, 'log_text: texts come with their entry');
END;

CREATE TRIGGER log_text_update_erased
BEFORE UPDATE ON log_text
WHEN NEW.content IS NOT NULL OR NEW.salt IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM erasure
    WHERE log = OLD.log AND position = OLD.position AND field = OLD.field
)
BEGIN
    SELECT RAISE(ABORT, 'log_text: a text can only be erased, with its salt and its record');
END;

CREATE TRIGGER log_text_update_unchanging
BEFORE UPDATE ON log_text
WHEN NEW.log IS NOT OLD.log
    OR NEW.position IS NOT OLD.position
    OR NEW.field IS NOT OLD.field
    OR NEW.ordinal IS NOT OLD.ordinal
    OR NEW.names_someone IS NOT OLD.names_someone
BEGIN
    SELECT RAISE(ABORT, 'log_text: what it is about never changes');
END;

CREATE TRIGGER log_tile_delete_guard
BEFORE DELETE ON log_tile

BEGIN
    SELECT RAISE(ABORT, 'log_tile: rows are kept for ever');
END;

CREATE TRIGGER log_tile_update_guard
BEFORE UPDATE ON log_tile

BEGIN
    SELECT RAISE(ABORT, 'log_tile: rows never change');
END;

CREATE TRIGGER login_request_update_over
BEFORE UPDATE ON login_request
WHEN OLD.is_denied = 1 OR OLD.token IS NOT NULL
    OR OLD.person IS NOT NULL AND NEW.person IS NOT OLD.person AND NEW.is_denied = 0
BEGIN
    SELECT RAISE(ABORT, 'login_request: what is over stays over');
END;

CREATE TRIGGER login_request_update_unchanging
BEFORE UPDATE ON login_request
WHEN NEW.id IS NOT OLD.id
    OR NEW.secret_hash IS NOT OLD.secret_hash
    OR NEW.user_code_hash IS NOT OLD.user_code_hash
    OR NEW.device IS NOT OLD.device
    OR NEW.asked_from IS NOT OLD.asked_from
    OR NEW.scopes IS NOT OLD.scopes
    OR NEW.redirect IS NOT OLD.redirect
    OR NEW.challenge IS NOT OLD.challenge
    OR NEW.made_at IS NOT OLD.made_at
    OR NEW.ends_at IS NOT OLD.ends_at
BEGIN
    SELECT RAISE(ABORT, 'login_request: what it is about never changes');
END;

CREATE TRIGGER message_delete_guard
BEFORE DELETE ON message

BEGIN
    SELECT RAISE(ABORT, 'message: rows are kept for ever');
END;

CREATE TRIGGER message_insert_dense
BEFORE INSERT ON message
WHEN NEW.number <> 1 + (SELECT count(*) FROM message WHERE request = NEW.request)
BEGIN
    SELECT RAISE(ABORT, 'message: numbers have no gaps');
END;

CREATE TRIGGER message_update_guard
BEFORE UPDATE ON message
WHEN NEW.request IS NOT OLD.request
    OR NEW.number IS NOT OLD.number
    OR NEW.person IS NOT OLD.person
    OR NEW.posted_at IS NOT OLD.posted_at
    OR NOT EXISTS (SELECT 1 FROM access_request r JOIN erasure x
        ON x.log = r.tenant AND x.request = r.id WHERE r.id = OLD.request)
BEGIN
    SELECT RAISE(ABORT, 'message: rows never change');
END;

CREATE TRIGGER notice_delete_guard
BEFORE DELETE ON notice
WHEN CASE OLD.delivery
    WHEN 'queued' THEN OLD.attempts > 0 OR OLD.begun_at IS NOT NULL
    WHEN 'refused' THEN TRUE
    WHEN 'bounced' THEN TRUE
    ELSE OLD.request IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM access_request
        WHERE id = OLD.request AND settled_at IS NOT NULL
    )
    END
BEGIN
    SELECT RAISE(ABORT, 'notice: it is kept until its request is settled');
END;

CREATE TRIGGER notice_update_support
BEFORE UPDATE ON notice
WHEN NEW.support_request IS NOT OLD.support_request
BEGIN
    SELECT RAISE(ABORT, 'notice: what it is about never changes');
END;

CREATE TRIGGER notice_update_unchanging
BEFORE UPDATE ON notice
WHEN NEW.id IS NOT OLD.id
    OR NEW.kind IS NOT OLD.kind
    OR NEW.tenant IS NOT OLD.tenant
    OR NEW.request IS NOT OLD.request
    OR NEW.recipient IS NOT OLD.recipient
    OR NEW.created_at IS NOT OLD.created_at
    OR NEW.send_at IS NOT OLD.send_at
    OR NEW.good_until IS NOT OLD.good_until
    OR (NEW.recipient_name IS NOT OLD.recipient_name
        OR NEW.recipient_address IS NOT OLD.recipient_address
        OR NEW.facts IS NOT OLD.facts)
        AND (NEW.delivery = 'queued' OR NEW.facts <> '{}'
            OR NEW.recipient_name <> '(erased)')
BEGIN
    SELECT RAISE(ABORT, 'notice: what it is about never changes');
END;

CREATE TRIGGER open_operation_update_guard
BEFORE UPDATE ON open_operation

BEGIN
    SELECT RAISE(ABORT, 'open_operation: rows never change');
END;

CREATE TRIGGER operation_total_delete_guard
BEFORE DELETE ON operation_total
WHEN OLD.subject = ''
BEGIN
    SELECT RAISE(ABORT, 'operation_total: what is not told apart is kept for ever');
END;

CREATE TRIGGER operation_total_update_guard
BEFORE UPDATE ON operation_total
WHEN NEW.grant_id IS NOT OLD.grant_id
    OR NEW.service IS NOT OLD.service
    OR NEW.subject IS NOT OLD.subject
    OR NEW.reads < OLD.reads
    OR NEW.writes < OLD.writes
BEGIN
    SELECT RAISE(ABORT, 'operation_total: counts only grow');
END;

CREATE TRIGGER passkey_delete_guard
BEFORE DELETE ON passkey
BEGIN
    SELECT RAISE(ABORT, 'passkey: rows are kept for ever');
END;

CREATE TRIGGER passkey_update_answered
BEFORE UPDATE ON passkey
WHEN NEW.answered_at < OLD.answered_at
BEGIN
    SELECT RAISE(ABORT, 'passkey: what was answered stays answered');
END;

CREATE TRIGGER passkey_update_removed
BEFORE UPDATE ON passkey
WHEN OLD.removed_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'passkey: one that was removed stays removed');
END;

CREATE TRIGGER passkey_update_unchanging
BEFORE UPDATE ON passkey
WHEN NEW.id IS NOT OLD.id
    OR NEW.person IS NOT OLD.person
    OR NEW.name IS NOT OLD.name
    OR NEW.credential IS NOT OLD.credential
    OR NEW.public_key IS NOT OLD.public_key
    OR NEW.user_handle IS NOT OLD.user_handle
    OR NEW.created_at IS NOT OLD.created_at
    OR NEW.is_backup_eligible IS NOT OLD.is_backup_eligible
BEGIN
    SELECT RAISE(ABORT, 'passkey: what it is about never changes');
END;

CREATE TRIGGER person_delete_guard
BEFORE DELETE ON person

BEGIN
    SELECT RAISE(ABORT, 'person: rows are kept for ever');
END;

CREATE TRIGGER person_proposal_update_guard
BEFORE UPDATE ON person_proposal
WHEN NEW.id IS NOT OLD.id
    OR NEW.tenant IS NOT OLD.tenant
    OR NEW.person IS NOT OLD.person
    OR NEW.made_at IS NOT OLD.made_at
    OR NEW.roles IS NOT OLD.roles
    OR NEW.email IS NOT OLD.email
    OR NEW.aliases IS NOT OLD.aliases
    OR NEW.switches_on IS NOT OLD.switches_on
    OR OLD.declined_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'person_proposal: what is proposed never changes');
END;

CREATE TRIGGER person_update_program
BEFORE UPDATE ON person
WHEN NEW.is_program IS NOT OLD.is_program
BEGIN
    SELECT RAISE(ABORT, 'person: a program is one for ever, or never');
END;

CREATE TRIGGER person_update_unchanging
BEFORE UPDATE ON person
WHEN NEW.id IS NOT OLD.id
    OR NEW.tenant IS NOT OLD.tenant
BEGIN
    SELECT RAISE(ABORT, 'person: what it is about never changes');
END;

CREATE TRIGGER policy_change_update_guard
BEFORE UPDATE ON policy_change
WHEN NEW.id IS NOT OLD.id
    OR NEW.tenant IS NOT OLD.tenant
    OR NEW.version IS NOT OLD.version
    OR NEW.require_approval IS NOT OLD.require_approval
    OR NEW.decision_window IS NOT OLD.decision_window
    OR NEW.max_access IS NOT OLD.max_access
    OR NEW.approvals_needed IS NOT OLD.approvals_needed
    OR NEW.withheld_from_tokens IS NOT OLD.withheld_from_tokens
    OR NEW.cooling_off IS NOT OLD.cooling_off
    OR NEW.made_by IS NOT OLD.made_by
    OR NEW.made_at IS NOT OLD.made_at
    OR NEW.takes_effect_at IS NOT OLD.takes_effect_at
BEGIN
    SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
END;

CREATE TRIGGER policy_change_update_programs
BEFORE UPDATE ON policy_change
WHEN NEW.allows_programs IS NOT OLD.allows_programs
BEGIN
    SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
END;

CREATE TRIGGER policy_change_update_retention
BEFORE UPDATE ON policy_change
WHEN NEW.retention IS NOT OLD.retention
BEGIN
    SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
END;

CREATE TRIGGER policy_change_update_signed
BEFORE UPDATE ON policy_change
WHEN NEW.signed_approvals IS NOT OLD.signed_approvals
BEGIN
    SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
END;

CREATE TRIGGER policy_change_update_signed_changes
BEFORE UPDATE ON policy_change
WHEN NEW.signed_changes IS NOT OLD.signed_changes
BEGIN
    SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
END;

CREATE TRIGGER policy_change_update_unknown
BEFORE UPDATE ON policy_change
WHEN NEW.closes_unknown_access IS NOT OLD.closes_unknown_access
BEGIN
    SELECT RAISE(ABORT, 'policy_change: only who agrees changes');
END;

CREATE TRIGGER portal_session_update_ended
BEFORE UPDATE ON portal_session
WHEN OLD.ended_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'portal_session: what has ended stays ended');
END;

CREATE TRIGGER portal_session_update_unchanging
BEFORE UPDATE ON portal_session
WHEN NEW.id IS NOT OLD.id
    OR NEW.person IS NOT OLD.person
    OR NEW.created_at IS NOT OLD.created_at
    OR NEW.expires_at IS NOT OLD.expires_at
BEGIN
    SELECT RAISE(ABORT, 'portal_session: what it is about never changes');
END;

CREATE TRIGGER provisioning_token_delete_guard
BEFORE DELETE ON provisioning_token
BEGIN
    SELECT RAISE(ABORT, 'provisioning_token: rows are kept for ever');
END;

CREATE TRIGGER provisioning_token_update_revoked
BEFORE UPDATE ON provisioning_token
WHEN OLD.revoked_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'provisioning_token: a revoked token stays revoked');
END;

CREATE TRIGGER provisioning_token_update_unchanging
BEFORE UPDATE ON provisioning_token
WHEN NEW.id IS NOT OLD.id
    OR NEW.secret_hash IS NOT OLD.secret_hash
    OR NEW.organisation IS NOT OLD.organisation
    OR NEW.label IS NOT OLD.label
    OR NEW.addresses IS NOT OLD.addresses
    OR NEW.made_by IS NOT OLD.made_by
    OR NEW.created_at IS NOT OLD.created_at
    OR NEW.expires_at IS NOT OLD.expires_at
BEGIN
    SELECT RAISE(ABORT, 'provisioning_token: what it is about never changes');
END;

CREATE TRIGGER removal_delete_guard
BEFORE DELETE ON removal

BEGIN
    SELECT RAISE(ABORT, 'removal: rows are kept for ever');
END;

CREATE TRIGGER removal_update_unchanging
BEFORE UPDATE ON removal
WHEN NEW.grant_id IS NOT OLD.grant_id
    OR NEW.service IS NOT OLD.service
    OR NEW.request IS NOT OLD.request
    OR NEW.tenant IS NOT OLD.tenant
BEGIN
    SELECT RAISE(ABORT, 'removal: what it is about never changes');
END;

CREATE TRIGGER request_transition_delete_guard
BEFORE DELETE ON request_transition

BEGIN
    SELECT RAISE(ABORT, 'request_transition: rows are kept for ever');
END;

CREATE TRIGGER request_transition_update_guard
BEFORE UPDATE ON request_transition

BEGIN
    SELECT RAISE(ABORT, 'request_transition: rows never change');
END;

CREATE TRIGGER sign_in_change_update_guard
BEFORE UPDATE ON sign_in_change

BEGIN
    SELECT RAISE(ABORT, 'sign_in_change: rows never change');
END;

CREATE TRIGGER statement_position_update_guard
BEFORE UPDATE ON statement_position
WHEN NEW.position < OLD.position
BEGIN
    SELECT RAISE(ABORT, 'statement_position: what is recorded stays recorded');
END;

CREATE TRIGGER support_entry_delete_guard
BEFORE DELETE ON support_entry
BEGIN
    SELECT RAISE(ABORT, 'support_entry: rows are kept for ever');
END;

CREATE TRIGGER support_entry_insert_dense
BEFORE INSERT ON support_entry
WHEN NEW.number <> 1 + (SELECT entry_count FROM support_request
    WHERE tenant = NEW.tenant AND number = NEW.support_request)
BEGIN
    SELECT RAISE(ABORT, 'support_entry: numbers have no gaps');
END;

CREATE TRIGGER support_entry_update_guard
BEFORE UPDATE ON support_entry
WHEN NEW.tenant IS NOT OLD.tenant
    OR NEW.support_request IS NOT OLD.support_request
    OR NEW.number IS NOT OLD.number
    OR NEW.person IS NOT OLD.person
    OR NEW.act IS NOT OLD.act
    OR NEW.posted_at IS NOT OLD.posted_at
    OR NOT EXISTS (SELECT 1 FROM erasure
        WHERE log = OLD.tenant AND support_request = OLD.support_request)
BEGIN
    SELECT RAISE(ABORT, 'support_entry: rows never change');
END;

CREATE TRIGGER support_request_delete_guard
BEFORE DELETE ON support_request

BEGIN
    SELECT RAISE(ABORT, 'support_request: rows are kept for ever');
END;

CREATE TRIGGER support_request_update_step
BEFORE UPDATE ON support_request
WHEN (NEW.entry_count <> OLD.entry_count + 1
        OR NOT EXISTS (SELECT 1 FROM support_entry e
            WHERE e.tenant = NEW.tenant AND e.support_request = NEW.number
                AND e.number = NEW.entry_count))
    AND NOT (NEW.entry_count = OLD.entry_count
        AND NEW.state = OLD.state
        AND NEW.answered_by IS OLD.answered_by
        AND NEW.answered_at IS OLD.answered_at
        AND EXISTS (SELECT 1 FROM erasure
            WHERE log = OLD.tenant AND support_request = OLD.number))
BEGIN
    SELECT RAISE(ABORT, 'support_request: it moves by one entry at a time');
END;

CREATE TRIGGER support_request_update_unchanging
BEFORE UPDATE ON support_request
WHEN NEW.tenant IS NOT OLD.tenant
    OR NEW.number IS NOT OLD.number
    OR NEW.service IS NOT OLD.service
    OR NEW.opened_by IS NOT OLD.opened_by
    OR NEW.opened_at IS NOT OLD.opened_at
    OR (NEW.subject IS NOT OLD.subject
        OR NEW.description IS NOT OLD.description
        OR NEW.url IS NOT OLD.url) AND NEW.entry_count <> OLD.entry_count
BEGIN
    SELECT RAISE(ABORT, 'support_request: what was asked never changes');
END;

CREATE TRIGGER tenant_delete_guard
BEFORE DELETE ON tenant

BEGIN
    SELECT RAISE(ABORT, 'tenant: rows are kept for ever');
END;

CREATE TRIGGER tenant_update_administered
BEFORE UPDATE ON tenant
WHEN OLD.administered_since IS NOT NULL
    AND NEW.administered_since IS NOT OLD.administered_since
BEGIN
    SELECT RAISE(ABORT, 'tenant: since when it is administered never changes');
END;

CREATE TRIGGER work_lease_update_epoch
BEFORE UPDATE ON work_lease
WHEN NEW.epoch < OLD.epoch
BEGIN
    SELECT RAISE(ABORT, 'work_lease: an epoch does not come back');
END;

-- (none) -> awaitingManager
-- active -> ended
-- awaitingCustomer -> active
-- awaitingCustomer -> awaitingCustomer
-- awaitingCustomer -> denied
-- awaitingCustomer -> expired
-- awaitingCustomer -> scheduled
-- awaitingCustomer -> withdrawn
-- awaitingManager -> active
-- awaitingManager -> awaitingCustomer
-- awaitingManager -> expired
-- awaitingManager -> rejected
-- awaitingManager -> scheduled
-- awaitingManager -> withdrawn
-- scheduled -> active
-- scheduled -> ended
