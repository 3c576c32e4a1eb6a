extension Migration {
    /// The tables that refer to those of `postgresTables1`, and the others.
    static let postgresTables2 = """
        CREATE TABLE login_request (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            secret_hash BYTEA NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
            user_code_hash BYTEA UNIQUE CHECK (length(user_code_hash) = 32),
            device TEXT COLLATE "C" NOT NULL,
            asked_from TEXT COLLATE "C",
            scopes BIGINT NOT NULL,
            redirect TEXT COLLATE "C",
            challenge TEXT COLLATE "C",
            made_at BIGINT NOT NULL,
            ends_at BIGINT NOT NULL,
            person TEXT COLLATE "C" REFERENCES person (id),
            is_denied BIGINT NOT NULL CHECK (is_denied IN (0, 1)),
            token TEXT COLLATE "C",
            CHECK (made_at < ends_at),
            CHECK ((redirect IS NULL) = (challenge IS NULL)),
            CHECK ((redirect IS NULL) = (user_code_hash IS NOT NULL)),
            CHECK (is_denied = 0 OR person IS NULL),
            CHECK (token IS NULL OR person IS NOT NULL)
        );

        CREATE TABLE message (
            request TEXT COLLATE "C" NOT NULL REFERENCES access_request (id),
            number BIGINT NOT NULL CHECK (number > 0),
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            content TEXT COLLATE "C" NOT NULL CHECK (content <> ''),
            posted_at BIGINT NOT NULL,
            PRIMARY KEY (request, number)
        );

        CREATE TABLE notice (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            kind TEXT COLLATE "C" NOT NULL,
            tenant TEXT COLLATE "C" REFERENCES tenant (id),
            request TEXT COLLATE "C" REFERENCES access_request (id),
            recipient TEXT COLLATE "C" REFERENCES person (id),
            recipient_name TEXT COLLATE "C" NOT NULL,
            recipient_address TEXT COLLATE "C" NOT NULL,
            facts TEXT COLLATE "C" NOT NULL,
            created_at BIGINT NOT NULL,
            next_attempt BIGINT NOT NULL,
            good_until BIGINT,
            delivery TEXT COLLATE "C" NOT NULL,
            attempts BIGINT NOT NULL CHECK (attempts >= 0),
            last_reply TEXT COLLATE "C",
            sent_at BIGINT,
            begun_at BIGINT,
            is_unwanted BIGINT NOT NULL DEFAULT 0 CHECK (is_unwanted IN (0, 1)),
            send_at BIGINT NOT NULL DEFAULT 0,
            priority BIGINT NOT NULL DEFAULT 1,
            trouble TEXT COLLATE "C",
            support_request TEXT COLLATE "C"
                CHECK (support_request IS NULL OR tenant IS NOT NULL)
        );

        CREATE TABLE open_operation (
            grant_id TEXT COLLATE "C" NOT NULL REFERENCES access_grant (id),
            service TEXT COLLATE "C" NOT NULL REFERENCES service (id),
            ordinal BIGINT NOT NULL CHECK (ordinal >= 0),
            at BIGINT NOT NULL,
            is_write BIGINT NOT NULL CHECK (is_write IN (0, 1)),
            subject TEXT COLLATE "C" NOT NULL,
            line TEXT COLLATE "C" NOT NULL,
            bytes BIGINT NOT NULL CHECK (bytes >= 0),
            PRIMARY KEY (grant_id, service, ordinal)
        );

        CREATE TABLE operation_total (
            grant_id TEXT COLLATE "C" NOT NULL REFERENCES access_grant (id),
            service TEXT COLLATE "C" NOT NULL REFERENCES service (id),
            subject TEXT COLLATE "C" NOT NULL,
            reads BIGINT NOT NULL CHECK (reads >= 0),
            writes BIGINT NOT NULL CHECK (writes >= 0),
            PRIMARY KEY (grant_id, service, subject)
        );

        CREATE TABLE passkey (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            name TEXT COLLATE "C" NOT NULL,
            credential BYTEA NOT NULL UNIQUE CHECK (length(credential) BETWEEN 16 AND 1023),
            public_key BYTEA NOT NULL CHECK (length(public_key) BETWEEN 1 AND 2048),
            user_handle BYTEA NOT NULL CHECK (length(user_handle) = 32),
            created_at BIGINT NOT NULL,
            is_backup_eligible BIGINT NOT NULL CHECK (is_backup_eligible IN (0, 1)),
            is_backed_up BIGINT NOT NULL CHECK (is_backed_up IN (0, 1)),
            counter BIGINT NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
            last_used_at BIGINT,
            answered_at BIGINT NOT NULL,
            removed_at BIGINT,
            CHECK (is_backed_up = 0 OR is_backup_eligible = 1)
        );

        CREATE TABLE password (
            person TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES person (id),
            encoded TEXT COLLATE "C" NOT NULL,
            failures BIGINT NOT NULL CHECK (failures >= 0),
            locked_until BIGINT,
            failures_since BIGINT
        );

        CREATE TABLE person_proposal (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            tenant TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
            person TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES person (id),
            made_at BIGINT NOT NULL,
            roles TEXT COLLATE "C",
            email TEXT COLLATE "C",
            aliases TEXT COLLATE "C",
            switches_on BIGINT NOT NULL CHECK (switches_on IN (0, 1)),
            declined_at BIGINT CHECK (declined_at >= made_at),
            CHECK (roles IS NOT NULL OR email IS NOT NULL OR aliases IS NOT NULL OR switches_on = 1)
        );

        CREATE TABLE policy_change (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            tenant TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES tenant (id),
            version BIGINT NOT NULL CHECK (version > 0),
            require_approval BIGINT NOT NULL CHECK (require_approval IN (0, 1)),
            decision_window BIGINT NOT NULL CHECK (decision_window > 0),
            max_access BIGINT NOT NULL CHECK (max_access > 0),
            approvals_needed BIGINT NOT NULL CHECK (approvals_needed > 0),
            withheld_from_tokens BIGINT NOT NULL,
            cooling_off BIGINT NOT NULL CHECK (cooling_off > 0),
            made_by TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            made_at BIGINT NOT NULL,
            takes_effect_at BIGINT NOT NULL CHECK (takes_effect_at > made_at),
            agreed TEXT COLLATE "C" NOT NULL,
            allows_programs BIGINT NOT NULL DEFAULT 1 CHECK (allows_programs IN (0, 1)),
            retention BIGINT CHECK (retention > 0),
            signed_approvals TEXT COLLATE "C" NOT NULL DEFAULT 'off'
                CHECK (signed_approvals IN ('off', 'required')),
            closes_unknown_access BIGINT NOT NULL DEFAULT 0
                CHECK (closes_unknown_access IN (0, 1))
        );

        CREATE TABLE portal_session (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            secret_hash BYTEA NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            created_at BIGINT NOT NULL,
            last_seen_at BIGINT NOT NULL,
            confirmed_at BIGINT NOT NULL,
            expires_at BIGINT NOT NULL,
            ended_at BIGINT,
            issuer TEXT COLLATE "C",
            issuer_session TEXT COLLATE "C",
            passkey TEXT COLLATE "C" REFERENCES passkey (id),
            CHECK (created_at < expires_at)
        );

        CREATE TABLE provider (
            id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
            name TEXT COLLATE "C" NOT NULL
        );

        CREATE TABLE provisioned_group (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            organisation TEXT COLLATE "C" NOT NULL,
            display_name TEXT COLLATE "C" NOT NULL,
            name_key TEXT COLLATE "C" NOT NULL,
            external_id TEXT COLLATE "C",
            created_at BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            UNIQUE (organisation, name_key)
        );

        CREATE TABLE provisioned_member (
            group_id TEXT COLLATE "C" NOT NULL REFERENCES provisioned_group (id),
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            PRIMARY KEY (group_id, person)
        );

        CREATE TABLE provisioning_token (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            secret_hash BYTEA NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
            organisation TEXT COLLATE "C" NOT NULL,
            label TEXT COLLATE "C" NOT NULL,
            addresses TEXT COLLATE "C" NOT NULL,
            made_by TEXT COLLATE "C" REFERENCES person (id),
            created_at BIGINT NOT NULL,
            expires_at BIGINT NOT NULL,
            last_used_at BIGINT,
            last_used_from TEXT COLLATE "C",
            revoked_at BIGINT,
            CHECK (created_at < expires_at)
        );

        CREATE TABLE provisioned_user (
            person TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES person (id),
            organisation TEXT COLLATE "C" NOT NULL,
            user_name TEXT COLLATE "C" NOT NULL,
            user_name_key TEXT COLLATE "C" NOT NULL,
            external_id TEXT COLLATE "C",
            display_name TEXT COLLATE "C",
            formatted_name TEXT COLLATE "C",
            given_name TEXT COLLATE "C",
            family_name TEXT COLLATE "C",
            emails TEXT COLLATE "C" NOT NULL,
            is_active BIGINT CHECK (is_active IN (0, 1)),
            group_roles BIGINT NOT NULL,
            is_gone BIGINT NOT NULL CHECK (is_gone IN (0, 1)),
            made_with TEXT COLLATE "C" NOT NULL REFERENCES provisioning_token (id),
            created_at BIGINT NOT NULL,
            changed_at BIGINT NOT NULL,
            UNIQUE (organisation, user_name_key)
        );

        CREATE TABLE removal (
            grant_id TEXT COLLATE "C" NOT NULL,
            service TEXT COLLATE "C" NOT NULL,
            request TEXT COLLATE "C" NOT NULL,
            tenant TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
            usernames TEXT COLLATE "C" NOT NULL,
            progress TEXT COLLATE "C" NOT NULL,
            attempts BIGINT NOT NULL CHECK (attempts >= 0),
            next_attempt BIGINT NOT NULL,
            problem TEXT COLLATE "C",
            cut_at BIGINT,
            PRIMARY KEY (grant_id, service),
            FOREIGN KEY (grant_id, request) REFERENCES access_grant (id, request)
        );

        CREATE TABLE resource (
            service TEXT COLLATE "C" NOT NULL REFERENCES service (id),
            name TEXT COLLATE "C" NOT NULL,
            tenant TEXT COLLATE "C" NOT NULL REFERENCES tenant (id),
            PRIMARY KEY (service, name)
        );

        CREATE TABLE sign_in_change (
            id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            organisation TEXT COLLATE "C" NOT NULL UNIQUE,
            made_by TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            made_at BIGINT NOT NULL,
            takes_effect_at BIGINT NOT NULL CHECK (takes_effect_at > made_at),
            issuer TEXT COLLATE "C",
            client_id TEXT COLLATE "C",
            authentication TEXT COLLATE "C"
                CHECK (authentication IN ('client_secret_basic', 'client_secret_post',
                'private_key_jwt', 'none')),
            client_secret_file TEXT COLLATE "C",
            client_secret_sealed BYTEA,
            acr_values TEXT COLLATE "C" NOT NULL,
            trusts_addresses BIGINT NOT NULL CHECK (trusts_addresses IN (0, 1)),
            roles_claim TEXT COLLATE "C",
            claimed_roles TEXT COLLATE "C",
            allows_passwords BIGINT NOT NULL CHECK (allows_passwords IN (0, 1)),
            domains TEXT COLLATE "C",
            allows_passkeys BIGINT NOT NULL DEFAULT 0 CHECK (allows_passkeys IN (0, 1)),
            CHECK ((issuer IS NULL) = (client_id IS NULL)),
            CHECK ((issuer IS NULL) = (authentication IS NULL)),
            CHECK ((claimed_roles IS NULL) = (roles_claim IS NULL))
        );

        CREATE TABLE sign_in_client (
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            client_hash BYTEA NOT NULL CHECK (length(client_hash) = 32),
            failures BIGINT NOT NULL CHECK (failures >= 0),
            held_until BIGINT,
            succeeded_at BIGINT,
            kept_until BIGINT NOT NULL,
            PRIMARY KEY (person, client_hash)
        );

        CREATE TABLE sign_in_settings (
            organisation TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            issuer TEXT COLLATE "C",
            client_id TEXT COLLATE "C",
            authentication TEXT COLLATE "C"
                CHECK (authentication IN ('client_secret_basic', 'client_secret_post',
                'private_key_jwt', 'none')),
            client_secret_file TEXT COLLATE "C",
            acr_values TEXT COLLATE "C" NOT NULL,
            trusts_addresses BIGINT NOT NULL CHECK (trusts_addresses IN (0, 1)),
            allows_passwords BIGINT NOT NULL CHECK (allows_passwords IN (0, 1)),
            domains TEXT COLLATE "C",
            roles_claim TEXT COLLATE "C" CHECK (roles_claim IS NULL OR issuer IS NOT NULL),
            claimed_roles TEXT COLLATE "C"
                CHECK ((claimed_roles IS NULL) = (roles_claim IS NULL)),
            recovery_until BIGINT,
            client_secret_sealed BYTEA
                CHECK (client_secret_sealed IS NULL OR client_secret_file IS NULL),
            allows_passkeys BIGINT NOT NULL DEFAULT 0 CHECK (allows_passkeys IN (0, 1)),
            CHECK ((issuer IS NULL) = (client_id IS NULL)),
            CHECK ((issuer IS NULL) = (authentication IS NULL))
        );

        CREATE TABLE statement_position (
            service TEXT COLLATE "C" NOT NULL REFERENCES service (id),
            file TEXT COLLATE "C" NOT NULL,
            position BIGINT NOT NULL CHECK (position >= 0),
            at BIGINT NOT NULL,
            PRIMARY KEY (service, file)
        );

        CREATE TABLE support_entry (
            tenant TEXT COLLATE "C" NOT NULL,
            support_request TEXT COLLATE "C" NOT NULL,
            number BIGINT NOT NULL CHECK (number > 0),
            person TEXT COLLATE "C" NOT NULL REFERENCES person (id),
            act TEXT COLLATE "C" NOT NULL CHECK (act IN ('wrote', 'closed', 'reopened')),
            content TEXT COLLATE "C" CHECK (content <> ''),
            posted_at BIGINT NOT NULL,
            CHECK (act <> 'wrote' OR content IS NOT NULL),
            PRIMARY KEY (tenant, support_request, number),
            FOREIGN KEY (tenant, support_request) REFERENCES support_request (tenant, number)
        );

        CREATE TABLE work_lease (
            lane TEXT COLLATE "C" NOT NULL PRIMARY KEY,
            holder TEXT COLLATE "C",
            epoch BIGINT NOT NULL,
            beat BIGINT NOT NULL
        );

        INSERT INTO request_transition (prior, next) VALUES
            ('', 'awaitingManager'),
            ('active', 'ended'),
            ('awaitingCustomer', 'active'),
            ('awaitingCustomer', 'awaitingCustomer'),
            ('awaitingCustomer', 'denied'),
            ('awaitingCustomer', 'expired'),
            ('awaitingCustomer', 'scheduled'),
            ('awaitingCustomer', 'withdrawn'),
            ('awaitingManager', 'active'),
            ('awaitingManager', 'awaitingCustomer'),
            ('awaitingManager', 'expired'),
            ('awaitingManager', 'rejected'),
            ('awaitingManager', 'scheduled'),
            ('awaitingManager', 'withdrawn'),
            ('scheduled', 'active'),
            ('scheduled', 'ended')
        """
}
