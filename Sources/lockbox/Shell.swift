import Crypto
import Foundation

/// What surrounds the program: environment, terminal, clock and chance. The only place that asks
/// for them.
struct Shell: Sendable {
    let environment: [String: String]
    let outputIsTerminal: Bool
    let errorsAreTerminal: Bool
    let inputIsTerminal: Bool

    init() {
        environment = ProcessInfo.processInfo.environment
        outputIsTerminal = isatty(STDOUT_FILENO) == 1
        errorsAreTerminal = isatty(STDERR_FILENO) == 1
        inputIsTerminal = isatty(STDIN_FILENO) == 1
    }

    /// Now, in milliseconds since 1970.
    func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// An unpredictable name for one command.
    static func newKey() -> String {
        SymmetricKey(size: .bits128).withUnsafeBytes { bytes in
            bytes.map { Self.hexadecimal($0) }.joined()
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }

    /// The columns of the terminal; nil in a pipe, where nothing needs to be cut.
    var outputColumns: Int? {
        guard outputIsTerminal else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else {
            return 80
        }
        return Int(size.ws_col)
    }

    // MARK: - Output

    /// A result, on standard output.
    func write(_ text: String) {
        Self.write(text.hasSuffix("\n") ? text : text + "\n", to: STDOUT_FILENO)
    }

    /// A remark or a reason, on standard error.
    func tell(_ text: String) {
        Self.write(text.hasSuffix("\n") ? text : text + "\n", to: STDERR_FILENO)
    }

    /// A line that the next one replaces; only on a terminal.
    func progress(_ line: String) {
        if errorsAreTerminal { Self.write("\r\u{1B}[K" + line, to: STDERR_FILENO) }
    }

    func clearProgress() { progress("") }

    private static func write(_ text: String, to file: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Nobody reads any more (`… | head`), or the disk is full; there is nobody left to
            // tell.
            guard count > 0 else { Foundation.exit(1) }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: - Input

    /// Asks on the terminal; nil where there is none.
    func ask(_ question: String) -> String? {
        guard inputIsTerminal, errorsAreTerminal else { return nil }
        Self.write(question + " ", to: STDERR_FILENO)
        return readLine(strippingNewline: true)
    }

    /// Whether the person agrees. In a pipe nobody is there to ask, and giving the command was
    /// agreeing.
    func agrees(to question: String) -> Bool {
        guard inputIsTerminal, errorsAreTerminal else { return true }
        return ["y", "yes"].contains(ask(question + " [y/N]")?.lowercased())
    }

    /// All of standard input as text.
    func standardInput() -> String {
        String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
    }
}
