import Foundation
import Synchronization

/// Chance of a test that tries odd inputs. The same seed gives the same inputs (SplitMix64).
package struct FuzzSource: Sendable {
    private var state: UInt64

    /// Chance of its own for each `name`, so that what one test takes moves no other.
    package init(_ name: String, seed: UInt64 = FuzzRun.seed) {
        state = name.utf8.reduce(seed ^ 0xCBF2_9CE4_8422_2325) { state, byte in
            (state ^ UInt64(byte)) &* 0x100_0000_01B3
        }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// From 0 to `count`, which it is not.
    package mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
    package mutating func isOneIn(_ count: Int) -> Bool { below(count) == 0 }
    package mutating func pick<Element>(_ some: [Element]) -> Element { some[below(some.count)] }

    /// Bytes near `bytes`: some other, some gone, some twice, or cut off.
    package mutating func bent(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...below(3) {
            guard !bytes.isEmpty else { return [UInt8(truncatingIfNeeded: next())] }
            let place = below(bytes.count)
            switch below(5) {
            case 0: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(pick(Self.oddBytes), at: place)
            case 3: bytes.removeSubrange(place...)
            case _: bytes.insert(contentsOf: bytes[place...].prefix(below(40)), at: place)
            }
        }
        return bytes
    }

    private static let oddBytes: [UInt8] = [
        0, 9, 10, 13, 32, 34, 37, 45, 92, 0x80, 0xC3, 0xED, 0xFF,
    ]
}

/// One run of such tests. `LOCKBOX_FUZZ_SEED` repeats one, `LOCKBOX_FUZZ_ROUNDS` makes it that many
/// times as long.
package enum FuzzRun {
    package static let seed = number("LOCKBOX_FUZZ_SEED") ?? UInt64.random(in: 0...UInt64.max)
    package static let rounds = Int(clamping: max(number("LOCKBOX_FUZZ_ROUNDS") ?? 1, 1))

    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }
}

/// The input that is being tried, in a file: where it ends the process, the file says which it was.
package final class FuzzTrace: Sendable {
    private let path: String
    private let file: Mutex<FileHandle>

    package init(_ name: String) throws {
        let folder = FileManager.default.temporaryDirectory
        path = folder.appending(path: "lockbox-fuzz-\(name)-\(FuzzRun.seed).txt").path
        try Data().write(to: URL(filePath: path))
        file = Mutex(try FileHandle(forUpdating: URL(filePath: path)))
        print("\(name): LOCKBOX_FUZZ_SEED=\(FuzzRun.seed); the input that is tried is in \(path)")
    }

    package func tries(_ input: String) throws {
        try file.withLock { file in
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: Data("\(input)\n".utf8))
        }
    }

    /// All were tried.
    package func end() throws {
        try file.withLock { try $0.close() }
        try FileManager.default.removeItem(atPath: path)
    }
}

/// Texts that nobody means.
package enum OddText {
    package static let numbers = [
        "0", "-1", "-0", "+1", "1.5", "1e9", "1e400", "00", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
        "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "٣", "NaN",
        "0x10", "1099511627776", "9007199254740993",
    ]

    package static let texts = [
        "", " ", "\u{0}", "a\u{0}b", "\r\n", "a\r\n\u{301}b", "\n", "\u{1B}[2J\u{7}", "\u{202E}b",
        "\u{FFFF}", "\u{FEFF}x", "e\u{301}\u{301}", "\u{301}", "\u{600}:write", "👩‍👩‍👧‍👦", "ß", "K", "İ",
        "e" + String(repeating: "\u{301}", count: 2000), String(repeating: "x", count: 9000),
        "../../..", "' OR 1=1 --", "<script>", "\\", "?#&=%", "*", ":", "::", ":::", "[", "]", "\"",
        "\"\"", ",", ";", "=", "/", "//", "-", "--", "@", "a@", "@b", "a@b", ".", "..", "$1", "%s",
        "mailbox:", ":x", "mailbox:a..b", "LBX-", "LBX-0000000000", "lbx-7k3m9qpxab", "SR-1001",
        "{}", "[]", "null", "true", "{\"a\":1}",
    ]

    package static let times = [
        "PT0S", "PT0.001S", "-PT1H", "P36500D", "P36501D", "P99999999999D", "PT", "P", "P1M",
        "PT99999999999999999999H", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59-23:59", "0000-00-00T00:00:00Z",
        "2026-11-23T09:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T09:00:60Z",
        "2026-11-23T09:00:00.999999999Z",
    ]

    package static let all = numbers + texts + times

    /// What a percent-encoding may hold that no correct encoder writes: half a surrogate pair, a cut
    /// character, bytes that are none, a sign without digits.
    package static let encoded = [
        "%ED%A0%80", "%E2%82", "%FF%FE", "%00", "%", "%z", "%zz", "%2", "%2F", "%2e%2e", "%0D%0A",
        "%25", "+", "%E0%80%AF", "%F4%90%80%80",
    ]
}
