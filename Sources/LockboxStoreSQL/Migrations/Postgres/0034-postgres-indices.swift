extension Migration {
    /// How the tables are looked into. `log_text_words` is what `log_words` is to SQLite.
    static let postgresIndices = """
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

        CREATE INDEX removal_uncut ON removal (next_attempt, grant_id, service)
        WHERE progress <> 'confirmed' AND cut_at IS NULL;

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

        CREATE INDEX request_open_of_engineer ON access_request (engineer, id)
        WHERE deadline IS NOT NULL;

        CREATE INDEX request_open_of_program ON access_request (asked_by, id)
            WHERE asked_by IS NOT NULL AND deadline IS NOT NULL;

        CREATE INDEX request_open_of_tenant ON access_request (tenant, id)
        WHERE deadline IS NOT NULL;

        CREATE INDEX resource_of_tenant ON resource (tenant, service, name);

        CREATE INDEX session_at_provider ON portal_session (issuer, issuer_session)
            WHERE issuer_session IS NOT NULL AND ended_at IS NULL;

        CREATE INDEX session_by_end ON portal_session (expires_at);

        CREATE INDEX session_of_person ON portal_session (person, created_at, id)
        WHERE ended_at IS NULL;

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

        CREATE INDEX token_of_person ON api_token (person, created_at, id)
        WHERE revoked_at IS NULL;

        CREATE EXTENSION IF NOT EXISTS pg_trgm;

        CREATE INDEX log_text_words ON log_text USING gin (lower(content) gin_trgm_ops)
        WHERE content IS NOT NULL
        """
}
