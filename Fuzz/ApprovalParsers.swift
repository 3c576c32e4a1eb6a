import Foundation
import LockboxWire
import MerkleLog

@testable import LockboxApprovals
@testable import LockboxClient
@testable import WebAuthn

/// What reads signed approvals, and what else a verifier is handed by people whom it does not trust.
let approvalParsers: [Parser] = [
    (
        "a",
        { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            tried { _ = try ApprovalStatement(text) }
            tried { _ = try RevokeStatement(text) }
            tried { _ = try PolicyStatement(text) }
        }
    ),
    (
        "g",
        { bytes in
            tried {
                try SSHSignature(Array(bytes), in: ApprovalStatement.namespace)
                    .check(over: [], by: SSHPublicKey(FuzzKeys.ssh))
            }
        }
    ),
    (
        "k",
        { bytes in
            tried {
                let line = String(decoding: bytes, as: UTF8.self)
                let key = try SSHPublicKey(line)
                precondition(key.line.utf8.elementsEqual(line.utf8), "another spelling of a key")
                _ = key.fingerprint
            }
        }
    ), ("z", { bytes in tried { _ = try PublicKey(cose: Array(bytes)) } }), ("W", assertion),
    (
        "s",
        { bytes in
            tried {
                let value = try CanonicalJSONReader.read(bytes)
                try LockboxApprovals.ApprovalSignature(value)
                    .check(over: [], by: FuzzKeys.cose, in: ApprovalStatement.namespace)
            }
        }
    ), ("G", approvals),
    (
        "o",
        { bytes in
            tried {
                let key = try WitnessKey(
                    name: "a/v1/provider/log",
                    publicKey: Array(repeating: 1, count: 32)
                )
                _ = try key.cosignature(under: SignedNote(parsing: bytes))
            }
        }
    ),
    (
        "v",
        { bytes in
            tried {
                let evidence = try JSONDecoder().decode(Evidence.self, from: Data(bytes))
                _ = try evidence.contradiction()
            }
        }
    ),
]

private enum FuzzKeys {
    static let ssh =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILOBkiruOsuFJG9iDpJ9qZyZKii4EnlRNaEs5O0ZTAKt"
    static let cose =
        "pQECAyYgASFYIDPWdYbofMhZM48tm09MLAeZ9Yyk2drfHdIQKU_biZdvIlgg46gp9plvmgEDyEcyIM7jf3u_GkGzQK0W"
        + "-tUW4Q_rZrw"
}

/// The length of the authenticator's data, that, and what the browser said.
@Sendable private func assertion(_ bytes: ArraySlice<UInt8>) {
    guard let length = bytes.first, let key = [UInt8](base64URL: FuzzKeys.cose) else { return }
    let rest = bytes.dropFirst()
    let answer = SignedAnswer(
        clientData: Array(rest.dropFirst(Int(length))),
        authenticatorData: Array(rest.prefix(Int(length))),
        signature: []
    )
    tried {
        try answer.check(
            answering: Array(repeating: 0, count: 32),
            by: PublicKey(cose: key)
        )
    }
}

/// Records of a log, a line of canonical JSON each.
@Sendable private func approvals(_ bytes: ArraySlice<UInt8>) {
    var check = ApprovalCheck(tenant: "contoso")
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
        let read = Result { try CanonicalJSONReader.read(line) }
        guard case .success(.object(let members)) = read else { continue }
        func text(_ name: String) -> String {
            if case .string(let text)? = members[name] { text } else { "" }
        }
        func object(_ name: String) -> [String: JSONValue] {
            if case .object(let object)? = members[name] { object } else { [:] }
        }
        let texts = object("texts").compactMapValues { value -> String? in
            if case .string(let text) = value { text } else { nil }
        }
        let record = ApprovalCheck.Record(
            index: UInt64(index),
            time: text("time"),
            activity: text("activity"),
            actor: text("actor"),
            request: text("request"),
            data: object("data"),
            texts: texts,
            erased: Set(object("texts").keys).subtracting(texts.keys)
        )
        for finding in check.read(record) { _ = finding.words }
    }
}
