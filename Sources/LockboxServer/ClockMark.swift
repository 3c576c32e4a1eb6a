import Foundation
import LockboxDomain
import LockboxPorts

/// What time it was at one reading of the machine's clocks. From it the next process knows how much
/// time has passed while none ran (decision 0019).
struct ClockMark: Codable, Equatable {
    /// Milliseconds since 1970, as Lockbox counts them.
    let time: Int64
    /// The same by the wall clock.
    let wall: Int64
    /// Milliseconds that the machine had run, since the start that `boot` names.
    let uptime: Int64
    let boot: String
    /// By how much time is ahead of the wall clock because somebody accepted that.
    let accepted: Int64?

    init(_ now: Timestamp, accepted: TimeSpan = .zero, at reading: ClockReading) {
        self.accepted = accepted > .zero ? accepted.milliseconds : nil
        time = now.milliseconds
        wall = reading.wall.milliseconds
        uptime = reading.uptimeMilliseconds
        boot = reading.boot
    }

    /// What time it is at least at a later reading. While the machine has not been started anew its
    /// monotonic clock says it, whatever became of the wall clock. Otherwise the wall clock does,
    /// unless it shows an instant before the mark's: then no more is known than that time has not
    /// gone back.
    func earliest(at reading: ClockReading) -> Timestamp {
        byUptime(at: reading) ?? byWall(at: reading)
    }

    /// Whether a later process would find `now` from it at this reading, be the machine started
    /// anew meanwhile or not.
    func leads(to now: Timestamp, at reading: ClockReading) -> Bool {
        guard boot == reading.boot else { return false }
        return [byUptime(at: reading) ?? now, byWall(at: reading)].allSatisfy { found in
            max(found, now) - min(found, now) <= ClockMarkFile.tolerated
        }
    }

    private func byUptime(at reading: ClockReading) -> Timestamp? {
        // A file may hold any number.
        let (passed, overflow) = reading.uptimeMilliseconds.subtractingReportingOverflow(uptime)
        guard boot == reading.boot, !boot.isEmpty, !overflow, passed >= 0 else { return nil }
        return Timestamp(milliseconds: time) + TimeSpan(milliseconds: passed)
    }

    private func byWall(at reading: ClockReading) -> Timestamp {
        let passed = max(.zero, reading.wall - Timestamp(milliseconds: wall))
        return Timestamp(milliseconds: time) + passed
    }
}

/// The file that holds the newest mark.
struct ClockMarkFile {
    /// A mark that is this far off is made anew.
    static let tolerated = TimeSpan(milliseconds: 250)
    /// How long after a failure the next attempt is made.
    static let retry: Duration = .seconds(1)

    private let path: String
    private var mark: ClockMark?
    private var notBefore: Duration = .zero
    private var nextLook: Duration = .zero

    /// Reads the mark at `path`; there is none before the first start. Throws if the file cannot be
    /// read or is not a mark: time might then begin too early, and access last too long.
    init(path: String) throws(ConfigurationError) {
        self.path = path
        mark = try Self.read(path)
    }

    /// What time it is at least at `reading`; nil if no mark was made yet.
    func earliest(at reading: ClockReading) -> Timestamp? { mark?.earliest(at: reading) }

    /// By how much somebody accepted that time is ahead of the wall clock.
    var accepted: TimeSpan { TimeSpan(milliseconds: max(0, mark?.accepted ?? 0)) }

    /// Whether another process has made a new mark since. Looks once in `retry`.
    mutating func isReplaced(at reading: ClockReading) throws -> Bool {
        guard reading.uptime >= nextLook else { return false }
        nextLook = reading.uptime + Self.retry
        guard let found = try Self.read(path), found != mark else { return false }
        mark = found
        return true
    }

    /// Makes a new mark if the present one would not lead to `now`, durably before it returns: no
    /// instant that the next process could not go on from is told to anybody. Steps of a clock are
    /// rare, so this hardly ever writes.
    ///
    /// Another process may have been ahead: gives what time it is at least then.
    mutating func keep(
        _ now: Timestamp,
        accepted: TimeSpan = .zero,
        at reading: ClockReading
    ) throws -> Timestamp {
        if let mark, mark.accepted ?? 0 == accepted.milliseconds, mark.leads(to: now, at: reading) {
            return now
        }
        guard reading.uptime >= notBefore else { return now }
        notBefore = reading.uptime + Self.retry
        var now = now
        if let other = try Self.read(path), other.boot == reading.boot,
            other.earliest(at: reading) > now
        {
            now = other.earliest(at: reading)
            guard other.accepted ?? 0 != accepted.milliseconds else {
                mark = other
                notBefore = .zero
                return now
            }
        }
        let new = ClockMark(now, accepted: accepted, at: reading)
        try Self.write(new, to: path)
        mark = new
        notBefore = .zero
        return now
    }

    private static func read(_ path: String) throws(ConfigurationError) -> ClockMark? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(
                ClockMark.self,
                from: Data(contentsOf: URL(filePath: path))
            )
        } catch {
            throw ConfigurationError(
                "\(path) does not say what time it was when Lockbox last ran; without the file, "
                    + "time begins at the logs' last record"
            )
        }
    }

    private static func write(_ mark: ClockMark, to path: String) throws(ConfigurationError) {
        let text: Data
        do {
            text = try JSONEncoder().encode(mark)
        } catch {
            throw ConfigurationError("\(path): \(error)")
        }
        try DurableFile.replace(path, with: text)
    }
}
