import ArgumentParser
import LockboxClient
import LockboxWire

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "A tenant's own rules.",
        subcommands: [
            ShowPolicy.self, SetPolicy.self, WaitingPolicy.self, AgreeToPolicy.self,
            StopPolicy.self,
        ]
    )

    struct ShowPolicy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show the rules."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let tenant = try await session.tenant(tenant)
                let policy: PolicyBody = try await session.client.get(
                    Path("v1", "tenants", tenant, "policy")
                )
                try session.show(policy) { $0.lines }
            }
        }
    }

    struct SetPolicy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Change rules; those that you do not name stay.",
            discussion: """
                  lockbox policy set --require-approval --decision-window 6h
                  lockbox policy set --approvals-needed 2 --max-access 1h
                  lockbox policy set --tokens-may-not decide --tokens-may-not administer
                  lockbox policy set --no-allow-programs
                  lockbox policy set --max-access 2h --sign-with ~/.ssh/id_ed25519

                What is stricter holds at once. What is looser waits for the cooling-off, or until as many people
                agree as must approve a request. Where your rules ask for signed changes, all rules as
                they shall be are signed, and shown before; what is looser makes all of it wait.
                """
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Flag(inversion: .prefixedNo, help: "Require approval for all data access requests.")
        var requireApproval: Bool?
        @Option(help: "How long approvers may take: 15m to 14d.") var decisionWindow:
            DurationArgument?
        @Option(help: "How long access may last: up to 24h.") var maxAccess: DurationArgument?
        @Option(help: "How many approvers must say yes: 1 to 10.") var approvalsNeeded: Int?
        @Option(help: "How long what is looser waits: 1h to 30d.") var coolingOff: DurationArgument?
        @Option(
            help: "What no API token may do, whatever it is for; give it once for each.",
            completion: .list(["decide", "administer"])
        ) var tokensMayNot: [String] = []
        @Flag(help: "Let API tokens do all that they are for.") var tokensMayAll = false
        @Flag(inversion: .prefixedNo, help: "Let programs of the provider ask for access.")
        var allowPrograms: Bool?
        @Option(
            help: "How long texts of the audit log are kept: 90d and more, or none for ever.",
            transform: { text in
                guard let wanted = text == "none" ? text : DurationArgument(argument: text)?.iso
                else {
                    throw ValidationError(
                        "“\(text)” is no number of days, such as 365d, and not none."
                    )
                }
                return wanted
            }
        ) var retention: String?
        @Option(
            help: "Whether approvals count only when they are signed: off or required.",
            completion: .list(["off", "required"])
        ) var signedApprovals: String?
        @Flag(
            inversion: .prefixedNo,
            help: "Close access that nobody granted, where it reaches the tenant's data."
        )
        var closeUnknownAccess: Bool?
        @Option(
            help: "Whether these rules change only by signatures: off or required.",
            completion: .list(["off", "required"])
        ) var signedChanges: String?
        @OptionGroup(title: "Signing") var signing: SigningOptions

        func validate() throws {
            if requireApproval == nil, decisionWindow == nil, maxAccess == nil,
                approvalsNeeded == nil, coolingOff == nil, tokensMayNot.isEmpty, !tokensMayAll,
                allowPrograms == nil, retention == nil, signedApprovals == nil,
                closeUnknownAccess == nil, signedChanges == nil
            {
                throw ValidationError("Say which rule to change.")
            }
            if tokensMayAll, !tokensMayNot.isEmpty {
                throw ValidationError("Give --tokens-may-not or --tokens-may-all.")
            }
        }

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let tenant = try await session.tenant(tenant)
                let path = Path("v1", "tenants", tenant, "policy")
                let before: PolicyBody = try await session.client.get(path)
                let wanted = NewPolicy(
                    requireApproval: requireApproval ?? before.requireApproval,
                    decisionWindow: decisionWindow?.iso ?? before.decisionWindow,
                    maxAccess: maxAccess?.iso ?? before.maxAccess,
                    approvalsNeeded: approvalsNeeded ?? before.approvalsNeeded,
                    withheldFromTokens: tokensMayAll
                        ? [] : tokensMayNot.isEmpty ? before.withheldFromTokens : tokensMayNot,
                    coolingOff: coolingOff?.iso ?? before.coolingOff,
                    allowPrograms: allowPrograms ?? before.allowPrograms,
                    retention: retention ?? before.retention,
                    signedApprovals: signedApprovals ?? before.signedApprovals,
                    closeUnknownAccess: closeUnknownAccess ?? before.closeUnknownAccess,
                    signedChanges: signedChanges ?? before.signedChanges
                )
                var sent: NewPolicy? = wanted
                if signing.isGiven {
                    sent = try await session.signedPolicy(
                        wanted,
                        at: tenant,
                        version: before.version,
                        signing
                    )
                }
                guard let sent else { return }
                let after: PolicyBody = try await session.client.put(
                    path,
                    sent,
                    ifVersion: before.version
                )
                try session.show(after) { $0.lines }
            }
        }
    }

    struct WaitingPolicy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "waiting",
            abstract: "Show looser rules that wait."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let found = try await session.client.list(
                    try await session.policyChanges(of: tenant),
                    of: PolicyChangeBody.self
                )
                try session.show(found, none: "Nothing waits.") { changes in
                    var table = Table("Id", "Asked by", "Holds from", "Agreed", "Rules")
                    for change in changes {
                        table.add(
                            change.id,
                            change.madeBy,
                            change.takesEffectAt,
                            "\(change.agreed.count)",
                            change.words
                        )
                    }
                    return table
                }
            }
        }
    }

    struct AgreeToPolicy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "agree",
            abstract: "Agree to looser rules that wait."
        )

        @OptionGroup var server: ServerOptions
        @OptionGroup var format: OutputOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Argument(help: "The change's id, as “lockbox policy waiting” shows it.") var id: String
        @OptionGroup(title: "Signing") var signing: SigningOptions

        func run() async throws {
            try await Session.run(server, format.output) { session in
                let tenant = try await session.tenant(tenant)
                var agreement: NewAgreement? = NewAgreement()
                if signing.isGiven {
                    agreement = try await session.signedAgreement(to: id, at: tenant, signing)
                }
                guard let agreement else { return }
                let after: PolicyBody = try await session.client.post(
                    try await session.policyChanges(of: tenant).appending(id).appending("agree"),
                    agreement
                )
                try session.show(after) { $0.lines }
            }
        }
    }

    struct StopPolicy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stop",
            abstract: "Stop looser rules that wait. The rules stay as they are."
        )

        @OptionGroup var server: ServerOptions
        @Option(help: "The tenant; your own if left out.") var tenant: String?
        @Argument(help: "The change's id, as “lockbox policy waiting” shows it.") var id: String

        func run() async throws {
            try await Session.run(server) { session in
                try await session.client.delete(
                    try await session.policyChanges(of: tenant).appending(id)
                )
                session.shell.tell("Stopped. The rules stay as they are.")
            }
        }
    }
}

extension Session {
    fileprivate func policyChanges(of tenant: String?) async throws -> Path {
        Path("v1", "tenants", try await self.tenant(tenant), "policy", "changes")
    }
}

extension PolicyChangeBody {
    fileprivate var words: String {
        [
            "approval \(requireApproval ? "on" : "off")",
            "time to decide \(TimeText.duration(decisionWindow))",
            "longest access \(TimeText.duration(maxAccess))",
            "approvals needed \(approvalsNeeded)",
            "withheld from tokens: "
                + (withheldFromTokens.isEmpty
                    ? "nothing" : withheldFromTokens.joined(separator: " and ")),
            "cooling-off \(TimeText.duration(coolingOff))",
            "programs \(allowPrograms ? "may ask" : "may not ask")",
            "texts of the log kept \(PolicyBody.kept(retention))",
            "signed approvals \(TerminalText.clean(signedApprovals))",
            "access that nobody granted \(closeUnknownAccess ? "closed" : "shown")",
            "signed changes \(TerminalText.clean(signedChanges))",
        ].joined(separator: ", ")
    }
}

extension PolicyBody {
    fileprivate static func kept(_ retention: String) -> String {
        retention == "none" ? "for ever" : TimeText.duration(retention)
    }

    fileprivate var lines: [String] {
        var sheet = Sheet()
        sheet.add("Tenant", tenant)
        sheet.add("Lockbox in the plan", licensed ? "yes" : "no")
        sheet.add("Require approval", requireApproval ? "yes" : "no")
        sheet.add("Time to decide", TimeText.duration(decisionWindow))
        sheet.add("Longest access", TimeText.duration(maxAccess))
        sheet.add("Approvals needed", "\(approvalsNeeded)")
        let withheld = withheldFromTokens.joined(separator: ", ")
        sheet.add("API tokens may not", withheld.isEmpty ? "nothing is forbidden" : withheld)
        sheet.add("Cooling-off", TimeText.duration(coolingOff))
        sheet.add("Programs may ask", allowPrograms ? "yes" : "no")
        sheet.add("Texts of the log kept", Self.kept(retention))
        sheet.add("Signed approvals", signedApprovals)
        sheet.add("Access nobody granted", closeUnknownAccess ? "closed" : "shown")
        sheet.add("Signed changes", signedChanges)
        if let waiting {
            sheet.add(
                "Waits until \(waiting.takesEffectAt)",
                "\(waiting.words) (agree or stop: \(waiting.id))"
            )
        }
        sheet.add("Version", "\(version)")
        return sheet.lines
    }
}
