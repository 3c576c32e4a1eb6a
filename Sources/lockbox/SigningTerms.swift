import LockboxApprovals
import LockboxWire

/// What somebody signs at most: an access request as it was shown to her, less what she leaves out.
/// The server writes the statement, and a signature over another one opens what nobody looked at.
struct SigningTerms {
    /// As it was shown.
    let request: AccessRequestBody
    /// Of the request, as the command says it.
    let version: Int
    /// What `--duration` says, ISO 8601.
    let duration: String?
    /// What `--resource` and `--read-only` leave.
    let resources: [ResourceAccess]?
    /// Whoever is signed in.
    let approver: String
    /// The name of the tenant's log, where it is remembered.
    let logName: String?

    /// The statement that `text` is. Throws, by name, for what these terms do not say.
    func statement(_ text: String, now: Int64) throws(Failure) -> ApprovalStatement {
        let said: ApprovalStatement
        do throws(ApprovalFault) { said = try ApprovalStatement(text) } catch {
            throw refusal("the server’s answer \(error.words)")
        }
        if let other = otherTexts(said) { throw refusal("its \(other)") }
        if let other = otherLimits(said) { throw refusal("its \(other)") }
        if let late = place.lateness(of: said, now: now) { throw refusal(late) }
        return said
    }

    private var place: StatementPlace {
        StatementPlace(tenant: request.tenant, person: approver, logName: logName)
    }

    private func refusal(_ what: String) -> Failure { StatementPlace.refusal(what, or: "approved") }

    private func otherTexts(_ said: ApprovalStatement) -> String? {
        let texts: [(name: String, said: String, shown: String)] = [
            ("request", said.request, request.id),
            ("version of the request", "\(said.requestVersion)", "\(version)"),
            ("engineer", said.engineer, request.engineer.id ?? ""),
            ("approver", said.approver, approver),
            ("start", said.notBefore ?? Self.onApproval, request.notBefore ?? Self.onApproval),
        ]
        return StatementPlace.other(texts) ?? place.other(said)
    }

    private static let onApproval = "on approval"

    private func otherLimits(_ said: ApprovalStatement) -> String? {
        let longest = [request.duration, duration].compactMap { $0 }
        guard let length = ApprovalStatement.span(said.duration),
            longest.allSatisfy({ (ApprovalStatement.span($0) ?? -1) >= length })
        else {
            return "duration is \(said.duration), and not at most "
                + longest.joined(separator: " and at most ")
        }
        if let needed = request.approvalsNeeded, said.quorum < needed {
            return "number of approvals that are needed is \(said.quorum), and not \(needed)"
        }
        for resource in said.resources {
            let shown = (resources ?? request.resources).first {
                $0.service.utf8.elementsEqual(resource.service.utf8)
                    && $0.id.utf8.elementsEqual(resource.name.utf8)
            }
            guard let shown, resource.name.utf8.starts(with: "\(resource.kind):".utf8) else {
                return "resource “\(resource.name)” (\(resource.service)) is none of those"
            }
            guard Set(resource.actions).isSubset(of: shown.actions) else {
                return "resource “\(resource.name)” would be opened for "
                    + "\(resource.actions.joined(separator: " and ")), and not for "
                    + "\(shown.actions.joined(separator: " and ")) alone"
            }
        }
        return nil
    }

    /// What `said` says, for the person who signs it: nothing here is taken from elsewhere but the
    /// name beside the engineer's identifier.
    func sheet(_ said: ApprovalStatement, now: Int64) -> [String] {
        var sheet = Sheet()
        sheet.add("You sign", "yes to \(said.request), version \(said.requestVersion)")
        sheet.add("Tenant", said.tenant)
        sheet.add("Engineer", "\(said.engineer) (\(request.engineer.addressed))")
        sheet.add("For", TimeText.duration(said.duration))
        sheet.add("From", said.notBefore.map { TimeText.both($0, now: now) } ?? Self.onApproval)
        sheet.add(
            "Resources",
            each: said.resources.map { resource in
                ResourceAccess(
                    service: resource.service,
                    id: resource.name,
                    actions: resource.actions
                ).words
            }
        )
        sheet.add("Rules", "version \(said.policy), \(said.quorum) of you must approve")
        place.add(said, to: &sheet, now: now)
        return sheet.lines
    }
}
