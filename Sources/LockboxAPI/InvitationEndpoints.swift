import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxService
import LockboxWire

extension API {
    var invitationEndpoints: [Route] {
        [
            signedIn(
                .post,
                "/v1/tenants/{tenant}/people/{person}/invitation",
                TokenOperation(
                    "invitePerson",
                    .directory,
                    "Send a person of the tenant an e-mail by which they choose a password",
                    needs: .administer,
                    takes: [.tenant, .person],
                    answers: .json(
                        "Invitation",
                        "The e-mail goes out. An earlier one is good for nothing any more.",
                        status: .created
                    ),
                    refuses: [.notFound]
                )
            ) { _, context, caller in
                let (person, invitation) = try await lockbox.invite(
                    try context.parameters.text("person"),
                    of: try context.parameters.text("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(
                    InvitationBody(
                        person: PersonRef(person),
                        endsAt: invitation.endsAt.description
                    ),
                    status: .created
                )
            }
        ]
    }
}
