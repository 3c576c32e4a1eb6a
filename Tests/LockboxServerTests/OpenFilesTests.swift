import LockboxPorts
import Synchronization
import Testing

@testable import LockboxGateway
@testable import LockboxServer

/// How many files a process may open: enough that connections cannot take those that ends need.
struct OpenFilesTests {
    /// What the system says, and is told.
    private final class Machine: Sendable {
        let soft: Mutex<Int>
        let hard: Int

        init(soft: Int, hard: Int) {
            self.soft = Mutex(soft)
            self.hard = hard
        }

        func files(_ listeners: [ListenerUse]) -> OpenFiles {
            OpenFiles(
                of: listeners,
                bounds: OpenFiles.Bounds(
                    read: { (self.soft.withLock { $0 }, self.hard) },
                    raise: { files in
                        self.soft.withLock { $0 = files }
                        return true
                    }
                )
            )
        }
    }

    @Test func everyPlaceHasItsFilesAndTheProcessAsManyForItself() {
        let machine = Machine(soft: 1024, hard: 1 << 20)
        let all = machine.files([.everybody, .services, .operators])
        let listeners = (512 + 128) + (256 + 128) + (32 + 128)
        #expect(all.needed(gateways: 0) == 1024 + listeners)
        // Clients, those just accepted, as many connections to the service, and those kept.
        #expect(all.needed(gateways: 3) == 1024 + listeners + 3 * (512 + 128 + 512 + 4 * 64))
        #expect(machine.files([.everybody]).needed(gateways: 0) == 1664, "as README.md says")
        #expect(GatewayLimits.files == 1408, "as README.md says")
    }

    @Test func limitIsRaisedToWhatIsNeededAndNeverLowered() throws {
        let machine = Machine(soft: 1024, hard: 1 << 20)
        let files = machine.files([.everybody])
        try files.secure(gateways: 0)
        #expect(machine.soft.withLock { $0 } == 1664)
        try files.secure(gateways: 1)
        #expect(machine.soft.withLock { $0 } == 1664 + 1408)
        try files.secure(gateways: 0)
        #expect(machine.soft.withLock { $0 } == 1664 + 1408)
    }

    @Test func whereTheSystemAllowsTooFewItIsSaidHowManyAndHow() throws {
        let machine = Machine(soft: 1024, hard: 3071)
        let files = machine.files([.everybody])
        let problem = try #require(throws: ConfigurationError.self) {
            try files.secure(gateways: 1)
        }
        for words in ["only 3071 files", "3072 are needed", "1 gateway", "LimitNOFILE=3072"] {
            #expect("\(problem)".contains(words), "\(words)")
        }
        #expect(machine.soft.withLock { $0 } == 1024)
        try files.secure(gateways: 0)
    }
}
