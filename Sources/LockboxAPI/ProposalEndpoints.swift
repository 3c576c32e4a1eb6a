import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire

extension API {
    var proposalEndpoints: [Route] {
        [
            signedIn(
                .get,
                "/v1/tenants/{tenant}/proposals",
                TokenOperation(
                    "listProposals",
                    .directory,
                    "What whoever runs Lockbox proposes of the tenant’s people, for its administrators",
                    needs: .read,
                    takes: [.tenant, .limit],
                    answers: .json("ProposalList"),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                try request.wholeList()
                let proposals = try await lockbox.proposals(
                    to: try context.parameters.text("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(
                    List(items: proposals.map(ProposalBody.init), next: nil)
                )
            },
            withToken(
                .post,
                "/v1/tenants/{tenant}/people/{person}/proposals/{proposal}/accept",
                [
                    TokenOperation(
                        "acceptProposal",
                        .directory,
                        "Let a person be as was proposed",
                        needs: .administer,
                        takes: [.tenant, .person, .proposal],
                        answers: .json("Person", "The person as they are now."),
                        refuses: [.notFound, .conflict]
                    )
                ]
            ) { _, context, caller in
                let person = try await lockbox.acceptProposal(
                    try context.parameters.text("proposal"),
                    about: try context.parameters.text("person"),
                    of: try context.parameters.text("tenant"),
                    with: caller.token.scopes,
                    by: caller.person
                )
                return try JSONAnswer.response(PersonBody(person, at: clock.now()))
            },
            signedIn(
                .post,
                "/v1/tenants/{tenant}/people/{person}/proposals/{proposal}/decline",
                TokenOperation(
                    "declineProposal",
                    .directory,
                    "Let nothing come of what was proposed",
                    needs: .administer,
                    takes: [.tenant, .person, .proposal],
                    answers: .init(.noContent, "It is declined."),
                    refuses: [.notFound]
                )
            ) { _, context, caller in
                try await lockbox.declineProposal(
                    try context.parameters.text("proposal"),
                    about: try context.parameters.text("person"),
                    of: try context.parameters.text("tenant"),
                    by: caller
                )
                return Response(status: .noContent)
            },
        ]
    }
}
