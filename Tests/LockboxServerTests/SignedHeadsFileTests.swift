import Foundation
import LockboxDomain
import LockboxPorts
import MerkleLog
import Testing

@testable import LockboxServer

/// The heads of the logs in a file beside the key.
struct SignedHeadsFileTests {
    private static let contoso = LogID.tenant(TenantID("contoso")!)

    private static func head(_ size: UInt64) -> TreeHead {
        TreeHead(size: size, root: .leaf([UInt8(size)]))
    }

    @Test func headsAreReadBackByAnotherProcessAndClosedToOthers() async throws {
        let folder = try Folder()
        let path = folder.path + "/signing.key.heads"
        let file = SignedHeadsFile(path)
        #expect(try await file.all() == nil)
        #expect(try await file.replace([:], with: [.provider: Self.head(1)]))
        #expect(try await file.replace([:], with: [Self.contoso: Self.head(2)]))
        let kept = [LogID.provider: Self.head(1), Self.contoso: Self.head(2)]
        #expect(try await SignedHeadsFile(path).all() == kept)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        try await file.replaceAll(with: [Self.contoso: Self.head(1)])
        #expect(try await file.all() == [Self.contoso: Self.head(1)])
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o666])
    func fileThatOthersCanUseIsRefused(_ mode: Int) async throws {
        let folder = try Folder()
        let text = "lockbox-signed-heads/v1\n"
        let path = try folder.write(text, to: "signing.key.heads", mode: mode)
        let error = await #expect(throws: ConfigurationError.self) {
            try await SignedHeadsFile(path).all()
        }
        #expect(error.map { "\($0)".contains("chmod 600 \(path)") } == true)
    }

    @Test func whoeverComesSecondChangesNothing() async throws {
        let folder = try Folder()
        let path = folder.path + "/signing.key.heads"
        let (one, other) = (SignedHeadsFile(path), SignedHeadsFile(path))
        #expect(try await one.replace([:], with: [.provider: Self.head(3)]))
        #expect(try await !other.replace([:], with: [.provider: Self.head(2)]))
        #expect(
            try await !other.replace([.provider: Self.head(2)], with: [.provider: Self.head(4)])
        )
        #expect(try await one.all() == [.provider: Self.head(3)])
        #expect(try await other.replace([.provider: Self.head(3)], with: [.provider: Self.head(4)]))
    }

    @Test func ofManyAtOnceEachStepIsKeptOnce() async throws {
        let folder = try Folder()
        let path = folder.path + "/signing.key.heads"
        let steps = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let file = SignedHeadsFile(path)
                    var steps = 0
                    while let size = Optional(try await file.all()?[.provider]?.size ?? 0),
                        size < 40
                    {
                        let before = size == 0 ? [:] : [LogID.provider: Self.head(size)]
                        let next = [LogID.provider: Self.head(size + 1)]
                        if try await file.replace(before, with: next) { steps += 1 }
                    }
                    return steps
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(steps == 40)
    }

    @Test(arguments: [
        "", "lockbox-signed-heads/v1", "lockbox-signed-heads/v2\n",
        "lockbox-signed-heads/v1\nprovider 3\n", "lockbox-signed-heads/v1\nprovider 3 x\n",
        "lockbox-signed-heads/v1\nelse 3 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "lockbox-signed-heads/v1\nprovider -1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "lockbox-signed-heads/v1\nprovider 3 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "lockbox-signed-heads/v1\n\n",
        "lockbox-signed-heads/v1\nprovider +3 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "lockbox-signed-heads/v1\nprovider 03 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "lockbox-signed-heads/v1\nprovider 9223372036854775808 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        "lockbox-signed-heads/v1\nprovider 3 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==\n",
        "lockbox-signed-heads/v1\r\nprovider 3 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r\n",
        "lockbox-signed-heads/v1\nprovider 3 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
            + "provider 2 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
    ])
    func fileThatSaysSomethingElseIsRefusedAndStays(_ text: String) async throws {
        let folder = try Folder()
        let path = try folder.write(text, to: "signing.key.heads")
        let file = SignedHeadsFile(path)
        await #expect(throws: ConfigurationError.self) { try await file.all() }
        await #expect(throws: ConfigurationError.self) {
            try await file.replace([:], with: [.provider: Self.head(1)])
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
}
