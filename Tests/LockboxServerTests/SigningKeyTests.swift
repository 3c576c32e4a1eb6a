import Foundation
import Testing

@testable import LockboxServer

/// The seed that checkpoints are signed with lies in a file of its own.
struct SigningKeyTests {
    @Test func keyIsMadeOnceForItsOwnerAloneAndReadBack() throws {
        let folder = try Folder()
        let path = folder.path + "/keys/deep/signing.key"
        try SigningKey.make(path, [UInt8](1...32))
        #expect(try SigningKey.load(path) == [UInt8](1...32))
        try SigningKey.make(path, [UInt8](2...33))
        #expect(try SigningKey.load(path) == [UInt8](1...32), "what is there stays")
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

    @Test func missingKeyIsNeverMadeAnew() throws {
        let folder = try Folder()
        let said = try complaint(in: folder) {
            _ = try SigningKey.load(folder.path + "/keys/signing.key")
        }
        #expect(said == "signing.keyFile: the file FOLDER/keys/signing.key cannot be read")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o644, 0o666, 0o620])
    func keyThatOthersCanUseIsRefused(_ mode: Int) throws {
        let folder = try Folder()
        let path = try folder.write(
            String(repeating: "ab", count: 32),
            to: "signing.key",
            mode: mode
        )
        #expect(
            try complaint(in: folder) { _ = try SigningKey.load(path) }
                == "signing.keyFile: others than its owner can use the file FOLDER/signing.key; close "
                + "it: chmod 600 FOLDER/signing.key"
        )
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
            _ = try SigningKey.load(path)
        }
        #expect(said == expected.replacing("PATH", with: "FOLDER/signing.key"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test func keyInUpperCaseWithALineEndIsTheSame() throws {
        let folder = try Folder()
        let path = try folder.write(String(repeating: "AB", count: 32) + "\r\n", to: "signing.key")
        #expect(
            try SigningKey.load(path)
                == [UInt8](repeating: 0xAB, count: 32)
        )
    }

    @Test func folderThatCannotBeMadeIsAnError() throws {
        let folder = try Folder()
        try folder.write("a file", to: "keys")
        #expect(throws: (any Error).self) {
            try SigningKey.make(folder.path + "/keys/signing.key", [UInt8](1...32))
        }
    }
}
