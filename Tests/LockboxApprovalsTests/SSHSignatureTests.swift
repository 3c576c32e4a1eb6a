import Crypto
import LockboxTestAuthenticator
import MerkleLog
import Testing

@testable import LockboxApprovals

/// Signatures that `ssh-keygen -Y sign` of OpenSSH made over `{"v":1}`, and what is no such signature.
struct SSHSignatureTests {
    static let ed25519 =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF3tUQ1/gcyOadPDWSHiPg2YuVRZ4oZNYj/DIREu"
        + "nNge"
    static let ecdsa =
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMzG"
        + "Csv8j8BbAdY6X3XPZAC3HuOufcfHRj6/sO1u7fDsPzwg1kXm8Zt9u02IndWKmxAQRXlsKkihWxSZ"
        + "1ReysVs="
    static let byEd25519 =
        "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgXe1RDX+BzI5p08NZIeI+DZi5VFnihk1i"
        + "P8MhES6c2B4AAAAQbG9ja2JveC1hcHByb3ZhbAAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQy"
        + "NTUxOQAAAEBuI2pLbeKWYECE3DB8LQNiHcUP/w63VtRPWtQdEyUuVjFc5b+/YoRo6MUioLnfbn0+"
        + "lgSb+cDyNFiLJk7yxA0F"
    static let byECDSA =
        "U1NIU0lHAAAAAQAAAGgAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAEEEzMYK"
        + "y/yPwFsB1jpfdc9kALce4659x8dGPr+w7W7t8Ow/PCDWRebxm327TYid1YqbEBBFeWwqSKFbFJnV"
        + "F7KxWwAAABBsb2NrYm94LWFwcHJvdmFsAAAAAAAAAAZzaGE1MTIAAABlAAAAE2VjZHNhLXNoYTIt"
        + "bmlzdHAyNTYAAABKAAAAIQCodjDUeN83qaS/9RtdeugRlWFNNYjZsEQvjpcsM5I6+AAAACEA1TUU"
        + "sQ6CWtFrTH7Ln056AnRBjLYaUVZN2jkpmIJybgo="
    static let forAnotherPurpose =
        "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgXe1RDX+BzI5p08NZIeI+DZi5VFnihk1i"
        + "P8MhES6c2B4AAAAEZmlsZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUxOQAAAECeR4Zu"
        + "WReZicAtEtindKAICjphSQ6utAwfVU6LaNv4bmnH6HntPWLWjFRlsviMJazm7Xl/UguXMVhVYzqC"
        + "mkAD"
    static let withSHA256 =
        "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgXe1RDX+BzI5p08NZIeI+DZi5VFnihk1i"
        + "P8MhES6c2B4AAAAQbG9ja2JveC1hcHByb3ZhbAAAAAAAAAAGc2hhMjU2AAAAUwAAAAtzc2gtZWQy"
        + "NTUxOQAAAEAL5IwTf2J8Xgj1zRsJ4+zXBn7FEAhdOKeZkLhp0dgVl/rq7XDuw8LLHcD4F2GZv2TF"
        + "HFBCMYeozzWnHPL39C4H"

    private static func check(_ signature: String, _ message: String, _ key: String)
        throws(ApprovalFault)
    {
        let blob = Base64.decode(signature.utf8) ?? []
        try SSHSignature(blob, in: "lockbox-approval").check(
            over: Array(message.utf8),
            by: SSHPublicKey(key)
        )
    }

    @Test(arguments: [(byEd25519, ed25519), (byECDSA, ecdsa)])
    func whatOpenSSHSignedIsRight(signature: String, key: String) throws {
        try Self.check(signature, #"{"v":1}"#, key)
        #expect(throws: ApprovalFault.signature) {
            try Self.check(signature, #"{"v":2}"#, key)
        }
    }

    @Test(arguments: [forAnotherPurpose, withSHA256, "", "AAAA"])
    func anotherPurposeHashOrFormIsRefused(_ signature: String) {
        #expect(throws: ApprovalFault.sshSignature) {
            try Self.check(signature, #"{"v":1}"#, Self.ed25519)
        }
    }

    @Test func signatureOfAnotherKeyIsRefused() {
        #expect(throws: ApprovalFault.sshSignature) {
            try Self.check(Self.byEd25519, #"{"v":1}"#, Self.ecdsa)
        }
    }

    @Test(arguments: [
        "ssh-ed25519", "ssh-ed25519 ", "ecdsa-sha2-nistp256 AAAAC3NzaC1lZDI1NTE5AAAA",
        "ssh-rsa AAAA",
        ed25519 + " comment", ed25519.replacing("ssh-ed25519", with: "ssh-rsa"),
    ]) func whatIsNoKeyIsRefused(_ line: String) {
        #expect(throws: ApprovalFault.keyUnreadable) {
            _ = try SSHPublicKey(line)
        }
    }

    @Test func lineIsWrittenAsItWasRead() throws {
        for line in [Self.ed25519, Self.ecdsa] {
            #expect(try SSHPublicKey(line).line == line)
        }
    }

    @Test func eachPartOfASignatureMustBeAsItIs() throws {
        let signer = SSHSigner()
        let key = String(signer.publicKey.dropLast(" test".count))
        let message = Array("message".utf8)
        func check(_ change: (inout SSHSigner) -> Void) throws {
            var other = signer
            change(&other)
            try SSHSignature(try other.sign("message"), in: "lockbox-approval")
                .check(over: message, by: SSHPublicKey(key))
        }
        try check { _ in }
        for change: (inout SSHSigner) -> Void in [
            { $0.namespace = "lockbox-approval2" }, { $0.namespace = "file" },
            { $0.hash = "sha256" },
            { $0.version = [0, 0, 0, 2] }, { $0.reserved = [1] }, { $0.rest = [0] },
        ] {
            #expect(throws: ApprovalFault.sshSignature) { try check(change) }
        }
    }
}
