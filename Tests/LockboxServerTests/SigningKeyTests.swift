import Foundation
import LockboxFixtures
import Testing

@testable import LockboxServer

/// The seed that checkpoints are signed with lies in a file of its own.
struct SigningKeyTests {
    @Test func keyIsMadeOnceForItsOwnerAloneAndReadBack() throws {
        let folder = try Folder()
        let path = folder.path + "/keys/deep/signing.key"
        let made = try SigningKey.load(path, entropy: SeededEntropy(seed: 1))
        #expect(made.count == 32)
        #expect(made == SeededEntropy(seed: 1).bytes(32))
        #expect(try SigningKey.load(path, entropy: SeededEntropy(seed: 2)) == made)
        let file = try FileManager.default.attributesOfItem(atPath: path)
        #expect(file[.posixPermissions] as? Int == 0o600)
        let keys = try FileManager.default.attributesOfItem(atPath: folder.path + "/keys/deep")
        #expect(keys[.posixPermissions] as? Int == 0o700)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path + "/keys/deep") == [
                "signing.key"
            ]
        )
    }

    @Test func processesThatStartTogetherGetOneKey() async throws {
        let folder = try Folder()
        let path = folder.path + "/signing.key"
        let seeds = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for seed in 1...8 {
                group.addTask {
                    try SigningKey.load(path, entropy: SeededEntropy(seed: UInt64(seed)))
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(seeds.count == 1)
    }

    @Test(arguments: [
        ("", "signing.keyFile: the file PATH is empty"),
        (" \n", "signing.keyFile: the file PATH is empty"),
        ("abc", "signing.keyFile: PATH must hold 64 hexadecimal digits"),
        (
            String(repeating: "0", count: 63),
            "signing.keyFile: PATH must hold 64 hexadecimal digits"
        ),
        (
            String(repeating: "0", count: 65),
            "signing.keyFile: PATH must hold 64 hexadecimal digits"
        ),
        (
            String(repeating: "0g", count: 32),
            "signing.keyFile: PATH must hold 64 hexadecimal digits"
        ),
        (
            String(repeating: "+f", count: 32),
            "signing.keyFile: PATH must hold 64 hexadecimal digits"
        ),
        (
            String(repeating: "é", count: 32),
            "signing.keyFile: PATH must hold 64 hexadecimal digits"
        ),
        (
            String(repeating: "００", count: 32),
            "signing.keyFile: PATH must hold 64 hexadecimal digits"
        ),
    ])
    func brokenFileIsRefusedAndKept(_ text: String, _ expected: String) throws {
        let folder = try Folder()
        let path = try folder.write(text, to: "signing.key")
        let said = try complaint(in: folder) {
            _ = try SigningKey.load(path, entropy: SeededEntropy())
        }
        #expect(said == expected.replacing("PATH", with: "FOLDER/signing.key"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test func keyInUpperCaseWithALineEndIsTheSame() throws {
        let folder = try Folder()
        let path = try folder.write(String(repeating: "AB", count: 32) + "\r\n", to: "signing.key")
        #expect(
            try SigningKey.load(path, entropy: SeededEntropy())
                == [UInt8](repeating: 0xAB, count: 32)
        )
    }

    @Test func folderThatCannotBeMadeIsAnError() throws {
        let folder = try Folder()
        try folder.write("a file", to: "keys")
        #expect(throws: (any Error).self) {
            _ = try SigningKey.load(folder.path + "/keys/signing.key", entropy: SeededEntropy())
        }
    }
}
