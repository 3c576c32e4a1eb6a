package import LockboxDomain
import LockboxIdentity
import LockboxService
import Synchronization

/// How people come to their passwords.
extension PortalWorld {
    /// What somebody types who chooses a password.
    package static let chosen: [(String, String?)] = [
        ("newPassword", "otter lamp violin tram"), ("newPasswordAgain", "otter lamp violin tram"),
    ]

    /// The code that stands in the letter.
    package static func code(of invitation: Invitation) -> String {
        invitationKey.code(of: invitation.id, to: invitation.person)
    }

    /// A letter has gone out to `person`.
    @discardableResult
    package func invited(_ person: String) async throws -> Invitation {
        let (_, invitation) = try await lockbox.invite(self.person(person).email)
        memory.withLock { $0.invitation = invitation }
        return invitation
    }

    /// Whoever was invited last has chosen a password.
    package func chosePassword() async throws {
        guard let invitation = memory.withLock({ $0.invitation }) else { return }
        _ = try await invitations.use(
            invitation.id.text,
            code: Self.code(of: invitation),
            password: "otter lamp violin tram",
            by: nil,
            from: ClientKey(address: "192.0.2.1")
        )
    }
}
