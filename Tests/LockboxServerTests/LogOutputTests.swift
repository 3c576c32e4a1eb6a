import Foundation
import Synchronization
import Testing

@testable import LockboxServer

struct LogOutputTests {
    private let writes: Writes
    private let output: LogOutput

    private final class Writes: Sendable {
        let made = Mutex<[String]>([])
    }

    init() {
        let writes = Writes()
        self.writes = writes
        output = LogOutput { data in
            writes.made.withLock { $0.append(String(decoding: data, as: UTF8.self)) }
        }
    }

    private var made: [String] { writes.made.withLock { $0 } }

    @Test func linesThatCanWaitGoOutByThemselvesAndInOrder() async {
        for number in 1...3 { output.write(Array("\(number)\n".utf8), canWait: true) }
        while made.joined() != "1\n2\n3\n" { await Task.yield() }
    }

    @Test func lineThatCannotWaitTakesThoseBeforeItAlong() {
        output.write(Array("first\n".utf8), canWait: true)
        output.write(Array("trouble\n".utf8), canWait: false)
        #expect(made == ["first\ntrouble\n"])
    }

    @Test func whatWaitsIsBounded() {
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1024)
        for _ in 0..<32 { output.write(line, canWait: true) }
        #expect(made.map(\.utf8.count) == [32 * 1024])
    }

    @Test func nothingIsLeftAtTheEnd() {
        output.write(Array("last\n".utf8), canWait: true)
        output.flush()
        #expect(made == ["last\n"])
    }
}
