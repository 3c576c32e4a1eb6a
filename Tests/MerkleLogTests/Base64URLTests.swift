import MerkleLog
import Testing

@Suite struct Base64URLTests {
    @Test(
        arguments: [
            ([], ""), ([0xFB], "-w"), ([0xFB, 0xFF], "-_8"), ([0xFB, 0xFF, 0xFE], "-__-"),
            (Array("any carnal pleas".utf8), "YW55IGNhcm5hbCBwbGVhcw"),
        ] as [([UInt8], String)]
    )
    func bytesComeBack(_ bytes: [UInt8], text: String) {
        #expect(bytes.base64URL == text)
        #expect([UInt8](base64URL: text) == bytes)
    }

    @Test(arguments: ["-w==", "+w", "-x", "a", "-w\n", "-__-=", "ü", "=", "===="])
    func otherWaysToWriteBytesAreNone(_ text: String) {
        #expect([UInt8](base64URL: text) == nil)
    }
}
