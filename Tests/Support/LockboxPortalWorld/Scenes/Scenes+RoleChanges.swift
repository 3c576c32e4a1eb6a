import LockboxDomain
import LockboxFixtures

extension Scene {
    static let roleChanges: [Scene] = [
        change(
            "roles changed",
            of: "tom",
            to: ["member", "approver"],
            seen: "member",
            isKey: true
        ),
        change(
            "roles changed with the password",
            of: "tom",
            to: ["auditor"],
            seen: "member",
            and: [("password", PortalWorld.password)],
            after: longSignedIn
        ),
        change(
            "roles, password wrong",
            of: "tom",
            to: ["auditor"],
            seen: "member",
            and: [("password", "wrong horse")],
            status: 422,
            after: longSignedIn
        ),
        change("unknown role", of: "tom", to: ["engineer"], seen: "member", status: 422),
        change(
            "another tenant's person changed",
            of: "frida",
            to: ["member"],
            seen: "approver",
            status: 404
        ),
        change(
            "change by somebody who may not",
            of: "tom",
            to: ["admin"],
            seen: "member",
            as: "adam",
            status: 403
        ),
        change(
            "change by a plain member",
            of: "tom",
            to: ["admin"],
            seen: "member",
            as: "tom",
            status: 404
        ),
        change(
            "changed meanwhile",
            of: "tom",
            to: ["member", "approver"],
            seen: "member",
            status: 409,
            isKey: true,
            after: { world in try await world.roles(["member", "auditor"], of: "tom") }
        ),
        change(
            "sent twice",
            of: "tom",
            to: ["member", "auditor"],
            seen: "member",
            after: { world in try await world.roles(["member", "auditor"], of: "tom") }
        ),
        change(
            "too few would be left to approve",
            of: "adam",
            to: ["member"],
            seen: "approver",
            status: 422,
            isKey: true,
            after: { world in try await world.policy { $0.approvalsNeeded = 2 } }
        ),
        change(
            "too few left to approve, meant so",
            of: "adam",
            to: ["member"],
            seen: "approver",
            and: [("sure", "member")],
            after: { world in try await world.policy { $0.approvalsNeeded = 2 } }
        ),
        change(
            "box ticked for another change",
            of: "adam",
            to: ["auditor"],
            seen: "approver",
            and: [("sure", "member")],
            status: 422,
            after: { world in try await world.policy { $0.approvalsNeeded = 2 } }
        ),
        change(
            "own administration given away",
            of: "gita",
            to: ["member"],
            seen: "admin",
            status: 422,
            isKey: true,
            after: secondAdmin
        ),
        change(
            "own administration given away, meant so",
            of: "gita",
            to: ["auditor"],
            seen: "admin",
            and: [("sure", "auditor")],
            after: secondAdmin
        ),
        change(
            "all own roles given away",
            of: "gita",
            to: ["member"],
            seen: "admin",
            and: [("sure", "member")],
            after: secondAdmin
        ),
        change(
            "last administrator",
            of: "gita",
            to: ["member"],
            seen: "admin",
            and: [("sure", "member")],
            status: 409,
            isKey: true
        ),
    ]
}
