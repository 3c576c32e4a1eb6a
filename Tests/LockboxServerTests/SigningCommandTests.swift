import Crypto
import Foundation
import LockboxAudit
import LockboxPorts
import MerkleLog
import Testing

@testable import LockboxServer

/// A key that another program has.
struct SigningCommandTests {
    private static let origin = "lockbox.test/v1/provider/log"
    private static let text = "\(origin)\n0\n\(Hash.emptyRoot.base64)\n"
    private static let key = Curve25519.Signing.PrivateKey()

    private static var signature: String {
        get throws { Base64.encode(Array(try key.signature(for: Array(text.utf8)))) }
    }

    private static func command(_ line: String, _ patience: Duration = .seconds(60))
        -> SigningCommand
    {
        SigningCommand(line, publicKey: Array(key.publicKey.rawRepresentation), patience: patience)
    }

    @Test func signatureOfTheTextThatItReadsIsTaken() async throws {
        let folder = try Folder()
        let line = "cat > '\(folder.path)/text'; echo \(try Self.signature)"
        let signed = try await Self.command(line).sign(Self.text, origin: Self.origin)
        let note = try SignedNote(text: Self.text, signatures: [signed])
        try note.verify(with: [Self.command(line).verifierKey(origin: Self.origin)])
        #expect(try String(contentsOfFile: folder.path + "/text", encoding: .utf8) == Self.text)
    }

    @Test func whoeverReadsNothingAndLeavesAChildMakesNobodyWait() async throws {
        let line = "sleep 600 > /dev/null & echo \(try Self.signature)"
        _ = try await Self.command(line).sign(Self.text, origin: Self.origin)
    }

    @Test func signatureOfAnotherKeyIsRefused() async throws {
        let other = Curve25519.Signing.PrivateKey()
        let lie = Base64.encode(Array(try other.signature(for: Array(Self.text.utf8))))
        await #expect(throws: NoteError.badSignature(name: Self.origin)) {
            _ = try await Self.command("echo \(lie)").sign(Self.text, origin: Self.origin)
        }
    }

    @Test(arguments: [
        "true", "false", "echo", "echo junk", "exit 3", "kill -9 $$", "/nowhere/at/all",
        "echo AAAA", "head -c 100000 /dev/zero", "yes",
    ])
    func whateverIsNoSignatureIsRefused(_ line: String) async throws {
        await #expect(throws: StoreError.self) {
            _ = try await Self.command(line).signature(of: Self.text)
        }
    }

    @Test(arguments: ["sleep 600", "sleep 600 & sleep 600", "echo A; exec sleep 600"])
    func whateverHangsIsEnded(_ line: String) async throws {
        await #expect(throws: StoreError.self) {
            _ = try await Self.command(line, .milliseconds(200)).signature(of: Self.text)
        }
        // The next one is asked, for the one before is gone.
        let good = Self.command("echo \(try Self.signature)")
        #expect(try await good.signature(of: Self.text).count == 64)
    }
}
