import Foundation
import LockboxWire
import Testing

@Suite struct WireTests {
    private func decode<Body: KnownMembers>(_ text: String, as: Body.Type) throws -> Body {
        try JSONDecoder().decode(Strict<Body>.self, from: Data(text.utf8)).body
    }

    @Test func unknownMemberIsNamedWithItsPlace() throws {
        #expect(throws: UnknownMember(path: "labell")) {
            try decode(#"{"email":"a@b","password":"x","labell":"y"}"#, as: NewToken.self)
        }
        let nested =
            #"{"decision":"approve","resources":[{"service":"mail","id":"m:x","actions":["read"],"foo":1}]}"#
        #expect(throws: UnknownMember(path: "resources[0].foo")) {
            try decode(nested, as: NewDecision.self)
        }
    }

    @Test func knownMembersAreRead() throws {
        let text =
            #"{"decision":"approve","comment":null,"resources":[{"service":"mail","id":"m:x","actions":["read"]}]}"#
        let body = try decode(text, as: NewDecision.self)
        #expect(
            body
                == NewDecision(
                    decision: .approve,
                    resources: [ResourceAccess(service: "mail", id: "m:x", actions: ["read"])]
                )
        )
        #expect(try decode("{}", as: CommentBody.self) == CommentBody())
    }

    @Test(arguments: [
        #"{"decision":"approve","resources":{}}"#, #"{"decision":"approve","resources":[7]}"#, "[]",
        "7",
    ])
    func wrongTypesAreDecodingErrors(text: String) {
        #expect(throws: DecodingError.self) { try decode(text, as: NewDecision.self) }
    }

    private func members(_ body: some Encodable) throws -> Set<String> {
        let encoded = try JSONEncoder().encode(body)
        guard case .object(let members) = try JSONDecoder().decode(JSONValue.self, from: encoded)
        else { return [] }
        return Set(members.keys)
    }

    @Test func membersOfNewRulesAreThoseOfTheType() throws {
        #expect(
            try members(
                NewPolicy(
                    requireApproval: true,
                    decisionWindow: "",
                    maxAccess: "",
                    approvalsNeeded: 1,
                    withheldFromTokens: [],
                    coolingOff: "",
                    allowPrograms: true,
                    retention: "none",
                    signedApprovals: "",
                    closeUnknownAccess: true,
                    signedChanges: "",
                    statement: "",
                    signature: SignatureBody(kind: "", signature: ""),
                    version: 1
                )
            )
                == NewPolicy.members
        )
    }

    @Test func membersAreThoseOfTheTypes() throws {
        let resource = ResourceAccess(service: "s", id: "i", actions: [])
        #expect(
            try members(
                NewToken(
                    email: "",
                    password: "",
                    label: "",
                    scopes: [],
                    days: 1,
                    addresses: []
                )
            ) == NewToken.members
        )
        #expect(try members(NewRoles(roles: [])) == NewRoles.members)
        #expect(try members(resource) == ResourceAccess.members)
        #expect(try members(CommentBody(comment: "")) == CommentBody.members)
        let signature = SignatureBody(kind: "", signature: "")
        #expect(
            try members(NewRevoke(comment: "", statement: "", signature: signature))
                == NewRevoke.members
        )
        #expect(
            try members(NewAgreement(statement: "", signature: signature)) == NewAgreement.members
        )
        #expect(try members(NewCredential(service: "", resource: "")) == NewCredential.members)
        #expect(
            try members(
                NewDecision(
                    decision: .deny,
                    comment: "",
                    duration: "",
                    resources: [resource],
                    statement: "",
                    signature: SignatureBody(kind: "", signature: ""),
                    version: 1
                )
            )
                == NewDecision.members
        )
        #expect(
            try members(
                NewSupportRequest(
                    tenant: "",
                    subject: "",
                    description: "",
                    service: "",
                    number: "",
                    url: ""
                )
            )
                == NewSupportRequest.members
        )
        #expect(
            try members(
                NewAccessRequest(
                    tenant: "",
                    supportRequest: "",
                    reason: "",
                    duration: "",
                    resources: [resource],
                    notBefore: "",
                    engineer: ""
                )
            )
                == NewAccessRequest.members
        )
    }

    @Test func nothingToSayIsWrittenAsNull() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let page = List<String>(items: ["x"], next: nil)
        let text = String(decoding: try encoder.encode(page), as: UTF8.self)
        #expect(text == #"{"items":["x"],"next":null}"#)
        #expect(try JSONDecoder().decode(List<String>.self, from: Data(text.utf8)) == page)
        let older = #"{"items":["x"]}"#
        #expect(try JSONDecoder().decode(List<String>.self, from: Data(older.utf8)) == page)
        let empty = List<TokenBody>(items: [], next: nil)
        #expect(
            String(decoding: try encoder.encode(empty), as: UTF8.self)
                == #"{"items":[],"next":null}"#
        )
    }

    @Test func secretsAreInNoDescription() {
        let issued = IssuedToken(
            id: "TOK-1",
            token: "lbx_secret",
            person: PersonRef(id: "PER-1", name: "Eve", email: "e@x"),
            scopes: [],
            expiresAt: nil
        )
        let credential = CredentialBody(
            id: "CRD-1",
            token: "lbx_secret",
            expiresAt: "",
            resource: "m:x",
            service: "mail",
            username: "u",
            actions: [],
            how: "",
            kind: "imap",
            address: nil,
            command: "",
            opensInBrowser: false
        )
        let asked = NewToken(email: "e@x", password: "lbx_secret")
        for text in ["\(issued)", "\(credential)", "\(asked)"] {
            #expect(!text.contains("lbx_secret"))
        }
        var dumped = ""
        dump([issued], to: &dumped)
        dump(credential, to: &dumped)
        dump(asked, to: &dumped)
        #expect(!dumped.contains("lbx_secret"))
    }
}
