/// Every column of texts: what an erasure takes from it, or why it does not (decision 0073). A test
/// holds it against the schema, so that a column of a later step is in one of the two.
package enum TextColumns {
    /// Those that repeat texts of the log or name people. `ErasureRecords` takes them.
    package static let erased: [String: Set<String>] = [
        "access_grant": ["scope"],
        "access_request": ["reason", "scope", "comment"],
        "credential": ["resource"],
        "decision": ["scope", "comment"],
        "identity": ["subject"],
        "log_text": ["content"],
        "message": ["content"],
        "notice": ["recipient_name", "recipient_address", "facts", "last_reply"],
        "operation_total": ["subject"],
        "person": ["name", "email", "canonical_email", "aliases"],
        "person_proposal": ["email", "aliases"],
        "provisioned_user": [
            "user_name", "user_name_key", "external_id", "display_name", "formatted_name",
            "given_name", "family_name", "emails",
        ],
        "support_entry": ["content"],
        "support_request": ["subject", "description", "url"],
    ]

    /// Why a column keeps what it has.
    package enum Reason: CaseIterable, Sendable {
        /// Identifiers, states, hashes and words of the program's own: they name nobody without a row
        /// that does.
        case noText
        /// Goes by itself within days, or with the session, token or invitation that it is of.
        case goesByItself
        /// Names what is there now and how it is reached: tenants, services, resources, groups. Whoever
        /// administers that changes it there.
        case present
        /// Names a thing that somebody uses, in words of her own.
        case namesADevice
        /// What a service answered, or the login name of a grant, which is made of its identifier.
        case ofServices
    }

    package static let kept: [Reason: [String: Set<String>]] = [
        .noText: [
            "access_grant": ["id", "request", "basis"],
            "access_request": [
                "id", "tenant", "support_request", "engineer", "prior_state", "state",
                "ending_reason", "ended_by", "expired_stage", "asked_by",
            ],
            "api_token": ["id", "person"],
            "browser_code": ["credential"],
            "command": ["person", "idempotency_key", "subject"],
            "credential": ["id", "request", "grant_id", "tenant", "engineer", "service"],
            "cosignature": ["log", "witness", "line"],
            "credential_use": ["credential"],
            "decision": ["request", "stage", "person"],
            "erasure": ["log", "field", "request", "support_request"],
            "identity": ["issuer", "person"],
            "invitation": ["id", "person", "purpose", "made_by"],
            "log_checkpoint": ["log", "note"],
            "log_entry": ["log", "activity", "actor", "request"],
            "log_head": ["log"], "log_origin": ["origin"], "log_number": ["log"],
            "log_text": ["log", "field"],
            "log_tile": ["log"],
            "message": ["request", "person"],
            "notice": [
                "id", "kind", "tenant", "request", "recipient", "delivery", "trouble",
                "support_request",
            ],
            "operation_total": ["grant_id", "service"],
            "passkey": ["id", "person"],
            "password": ["person", "encoded"],
            "person": ["id", "tenant", "confirmed_by", "time_zone"],
            "person_proposal": ["id", "tenant", "person", "roles"],
            "policy_change": [
                "id", "tenant", "made_by", "agreed", "signed_approvals", "signed_changes",
            ],
            "provisioned_member": ["group_id", "person"],
            "provisioned_user": ["person", "organisation", "made_with"],
            "removal": ["grant_id", "service", "request", "tenant", "progress"],
            "request_transition": ["prior", "next"],
            "schema_migration": ["name"],
            "sign_in_client": ["person"],
            "support_entry": ["tenant", "support_request", "person", "act"],
            "support_request": [
                "tenant", "number", "service", "opened_by", "state", "answered_by",
            ],
            "work_lease": ["lane", "holder"],
        ],
        .goesByItself: [
            "api_token": ["label", "addresses", "last_used_from"],
            "login_request": [
                "id", "device", "asked_from", "redirect", "challenge", "person", "token",
            ],
            "open_operation": ["grant_id", "service", "subject", "line"],
            "portal_session": ["id", "person", "issuer", "issuer_session", "passkey"],
        ],
        .present: [
            "group_roles": ["organisation", "name_key", "group_name"],
            "provider": ["name"],
            "provisioned_group": ["id", "organisation", "display_name", "name_key", "external_id"],
            "provisioning_token": [
                "id", "organisation", "label", "addresses", "made_by", "last_used_from",
            ],
            "resource": ["service", "name", "tenant"],
            "service": [
                "id", "kind", "resource_type", "introspection_client", "introspection_secret_file",
                "doveadm_url", "doveadm_key_file", "settings",
            ],
            "sign_in_change": [
                "id", "organisation", "made_by", "issuer", "client_id", "authentication",
                "client_secret_file", "acr_values", "roles_claim", "claimed_roles", "domains",
            ],
            "sign_in_settings": [
                "organisation", "issuer", "client_id", "authentication", "client_secret_file",
                "acr_values", "domains", "roles_claim", "claimed_roles",
            ],
            "tenant": ["id", "name", "domains", "signed_approvals", "signed_changes"],
        ],
        .namesADevice: ["passkey": ["name"]],
        .ofServices: [
            "credential": ["username"],
            "removal": ["usernames", "problem"],
            "statement_position": ["service", "file"],
        ],
    ]
}
