import Dispatch
import Foundation
import Synchronization

/// Where lines of the log go. Those that can wait go out together a moment later, many in one system
/// call; every other one goes at once, after those that wait. A crash loses what waits.
package final class LogOutput: Sendable {
    package static let standardError = LogOutput { FileHandle.standardError.write($0) }

    /// Milliseconds that a line waits at most.
    private static let delay = 50
    /// Bytes that wait at most.
    private static let most = 32 * 1024

    private let waiting = Mutex(Data())
    private let write: @Sendable (Data) -> Void

    init(write: @escaping @Sendable (Data) -> Void) { self.write = write }

    func write(_ line: [UInt8], canWait: Bool) {
        waiting.withLock { waiting in
            let isFirst = waiting.isEmpty
            waiting.append(contentsOf: line)
            guard canWait, waiting.count < Self.most else { return flush(&waiting) }
            guard isFirst else { return }
            let deadline = DispatchTime.now() + .milliseconds(Self.delay)
            DispatchQueue.global().asyncAfter(deadline: deadline) { self.flush() }
        }
    }

    /// Writes what waits. To be called before the process ends.
    package func flush() { waiting.withLock { flush(&$0) } }

    /// Under the lock, so that lines stay in order and whole.
    private func flush(_ waiting: inout Data) {
        guard !waiting.isEmpty else { return }
        write(waiting)
        waiting.removeAll(keepingCapacity: true)
    }
}
