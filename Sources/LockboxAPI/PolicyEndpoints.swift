import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire

/// What makes a tenant's rules other ones, or who decides there; and what of it waits.
extension API {
    var policyEndpoints: [Route] {
        [setPolicy, listPolicyChanges, agreeToPolicyChange, stopPolicyChange] + deciders
    }

    private var setPolicy: Route {
        let operation = TokenOperation(
            "setPolicy",
            .directory,
            "Change the tenant's own rules",
            needs: .administer,
            details:
                "What is stricter holds at once. What is looser waits for the tenant’s cooling-off, or until as "
                + "many people agree as must approve a request; the caller is one of them if the token is for "
                + "`decide` too. Where the rules say `signedChanges`, the change is signed, and waits as a "
                + "whole where anything in it is looser.",
            takes: [.tenant, .ifMatch],
            body: .json("NewPolicy"),
            answers: .versioned("Policy", "The policy as it is now."),
            orElse: [
                .versioned(
                    "Policy",
                    "The policy as it is now, and what waits.",
                    status: .accepted
                )
            ],
            refuses: [.notFound, .conflict]
        )
        return withToken(.put, "/v1/tenants/{tenant}/policy", [operation]) {
            request,
            context,
            caller in
            let new = try await request.json(NewPolicy.self).value
            let changed = try await lockbox.changePolicy(
                of: try context.parameters.text("tenant"),
                to: try new.policy(),
                matching: try request.matchedVersion(orBody: new.version),
                completing: new.completed,
                with: caller.token.scopes,
                signature: try ApprovalSignature(new.statement, new.signature),
                by: caller.person
            )
            return try changed.answer
        }
    }

    private var listPolicyChanges: Route {
        signedIn(
            .get,
            "/v1/tenants/{tenant}/policy/changes",
            TokenOperation(
                "listPolicyChanges",
                .directory,
                "Looser rules that wait: one change at most",
                needs: .read,
                takes: [.tenant, .limit],
                answers: .json("PolicyChangeList"),
                refuses: [.notFound]
            )
        ) { request, context, caller in
            try request.wholeList()
            let reading = try await lockbox.policyChange(
                of: try context.parameters.text("tenant"),
                by: caller
            )
            let items = [reading].compactMap { $0.map { PolicyChangeBody($0.change) } }
            return try JSONAnswer.response(List(items: items, next: nil))
        }
    }

    private var agreeToPolicyChange: Route {
        signedIn(
            .post,
            "/v1/tenants/{tenant}/policy/changes/{change}/agree",
            TokenOperation(
                "agreeToPolicyChange",
                .directory,
                "Agree to looser rules that wait",
                needs: .decide,
                details: "Where the rules say `signedChanges`, the agreement is signed.",
                takes: [.tenant, .policyChange],
                body: .json("NewAgreement", isRequired: false),
                answers: .versioned("Policy", "They hold now."),
                orElse: [
                    .versioned(
                        "Policy",
                        "More people must agree, or time must pass.",
                        status: .accepted
                    )
                ],
                refuses: [.notFound, .conflict]
            )
        ) { request, context, caller in
            let body = try await request.json(NewAgreement.self, optional: NewAgreement()).value
            let changed = try await lockbox.agreeToPolicyChange(
                try context.parameters.text("change"),
                of: try context.parameters.text("tenant"),
                signature: try ApprovalSignature(body.statement, body.signature),
                by: caller
            )
            return try changed.answer
        }
    }

    private var stopPolicyChange: Route {
        signedIn(
            .delete,
            "/v1/tenants/{tenant}/policy/changes/{change}",
            TokenOperation(
                "stopPolicyChange",
                .directory,
                "Stop looser rules that wait",
                needs: .end,
                takes: [.tenant, .policyChange],
                answers: .init(.noContent, "The rules stay as they are."),
                refuses: [.notFound]
            )
        ) { _, context, caller in
            try await lockbox.stopPolicyChange(
                try context.parameters.text("change"),
                of: try context.parameters.text("tenant"),
                by: caller
            )
            return Response(status: .noContent)
        }
    }

    private var deciders: [Route] {
        let setRoles = TokenOperation(
            "setRoles",
            .directory,
            "Say what a person of the tenant may do",
            needs: .administer,
            details:
                "The approvals of somebody who decides from then on count after the tenant’s cooling-off, or "
                + "once as many people have confirmed it as must approve a request; the caller is one of them if "
                + "the token is for `decide` too.",
            takes: [.tenant, .person],
            body: .json("NewRoles"),
            answers: .json("Person", "The person as they are now."),
            refuses: [.notFound, .conflict]
        )
        let confirm = TokenOperation(
            "confirmDecider",
            .directory,
            "Confirm somebody who decides since just now",
            needs: .decide,
            takes: [.tenant, .person],
            answers: .json("Person", "The person as they are now."),
            refuses: [.notFound]
        )
        return [
            withToken(.put, "/v1/tenants/{tenant}/people/{person}", [setRoles]) {
                request,
                context,
                caller in
                let person = try await lockbox.changeRoles(
                    of: try context.parameters.text("person"),
                    in: try context.parameters.text("tenant"),
                    to: try await request.json(NewRoles.self).value.roles,
                    with: caller.token.scopes,
                    by: caller.person
                )
                return try JSONAnswer.response(PersonBody(person, at: clock.now()))
            },
            signedIn(.post, "/v1/tenants/{tenant}/people/{person}/confirm", confirm) {
                _,
                context,
                caller in
                let person = try await lockbox.confirmDecider(
                    try context.parameters.text("person"),
                    of: try context.parameters.text("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(PersonBody(person, at: clock.now()))
            },
        ]
    }
}

extension ChangedPolicy {
    fileprivate var answer: Response {
        get throws {
            try JSONAnswer.response(
                PolicyBody(tenant, waiting: waiting),
                status: waiting == nil ? .ok : .accepted,
                headers: [.eTag: tenant.tag]
            )
        }
    }
}
