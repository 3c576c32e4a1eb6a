/// The tables. Instants and spans are whole milliseconds, yes and no are 1 and 0, hashes are 32
/// bytes. A column `tenant` is NULL, and a column `log` is empty, for the provider.
///
/// ```
///  provider        service ◄── resource ──► tenant ◄────────────────── person ◄── identity, sign_in_client
///                                             ▲                          ▲  ◄── password, invitation, person_proposal
///                             policy_change ───┤                          │  ◄── api_token, portal_session, passkey
///                    support_entry ──► support_request ── opened by ─────┤  ◄── command, login_request
///                                             ▲                          │
///  request_transition ◄── (prior, next) ── access_request ── engineer, asked by ─┤
///                                             ▲  ▲  ▲                    │
///           decision, message (append-only) ─┘  │  └─ notice            │
///                                                │                       │
///                       removal ──► access_grant (fixed) ◄── credential ─┘ ◄── credential_use
///                                                                 ▲ ◄── browser_code
///
///  provisioning_token, group_roles          provisioned_user ──► person ◄── provisioned_member ──► provisioned_group
///
///  log_head ─ log_entry (append-only) ◄── log_text      log_tile, log_checkpoint (append-only)
///  log_number ─ log_words (an index of log_text)      erasure ──► log_entry (append-only)
///  log_origin
/// ```
/// The schema guards what no release of the program may break: a request moves only along
/// `request_transition` and by one version at a time; terms, decisions, grants and the log never
/// change; a log has no gaps and its time does not run backwards; one sign-in identity means one
/// person. The log refers to no other table: it outlives all of them.
///
/// A new step is a file in `Migrations` and a line here (docs/decisions/0015).
package enum Schema {
    /// Every step, the oldest first. A step has one number in all dialects.
    package static func migrations(for dialect: SQLDialect) -> [Migration] {
        switch dialect {
        case .sqlite:
            [
                .firstTables, .messages, .sessions, .openNames, .dueWork, .serviceSettings,
                .letters, .search, .retention, .domains, .bounces, .lists, .operations,
                .statements, .browserCodes, .lettersByTheDay, .ended,
                .invitations, .tokenScopes, .openID, .identity, .provisioning, .passkeys,
                .personProposals, .loosening, .programs, .logins, .support, .timeZones,
                .erasure, .logOrigin, .signedApprovals, .cosignatures, .unknownAccess,
                .signedChanges,
            ]
        // It begins where SQLite is by now.
        case .postgres: [.postgresTables, .postgresSignedChanges]
        }
    }
}
