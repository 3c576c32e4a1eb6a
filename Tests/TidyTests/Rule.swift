import Foundation
import Testing

/// Something that the source must not do, how to find it, and a snippet that does it.
struct Rule: Sendable, CustomTestStringConvertible {
    let name: String
    /// What to do instead.
    let instead: String
    /// Which files it is about.
    let covers: @Sendable (String) -> Bool
    /// Files that may do it all the same, and why.
    var exceptions: [String: String] = [:]
    /// The numbers of the lines at fault, from 1.
    let find: @Sendable (SourceText) -> [Int]
    /// Breaks the rule.
    let bad: String
    /// Where the bad snippet would stand.
    var badPath = "Sources/LockboxService/Lockbox+Submit.swift"
    /// Looks similar and is allowed.
    let good: String

    var testDescription: String { name }

    func faults(in file: SourceText) -> [String] {
        guard covers(file.path), exceptions[file.path] == nil else { return [] }
        return find(file).map { line in
            let text =
                line <= file.lines.count
                ? file.lines[line - 1].trimmingCharacters(in: .whitespaces) : ""
            return "\(file.path):\(line): \(name); \(instead): \(text)"
        }
    }
}

func inSources(_ path: String) -> Bool { path.hasPrefix("Sources/") }

func inRooms(_ rooms: String...) -> @Sendable (String) -> Bool {
    { path in rooms.contains { path.hasPrefix("Sources/\($0)/") } }
}

func inSources(outside rooms: String...) -> @Sendable (String) -> Bool {
    { path in inSources(path) && !rooms.contains { path.hasPrefix("Sources/\($0)/") } }
}

/// Lines on which `pattern` matches.
func matches(_ pattern: String, in lines: [String]) -> [Int] {
    lines.enumerated().filter { $0.element.range(of: pattern, options: .regularExpression) != nil }
        .map {
            $0.offset + 1
        }
}

extension Rule {
    /// The one file that reads the machine's clock and chance, and where things that run on their
    /// own begin.
    static let home = "Sources/LockboxServer/SystemWorld.swift"

    static let all = worldRules + errorRules + concurrencyRules + wallRules + sizeRules + proseRules

    private static let worldRules = [
        Rule(
            name: "reads the machine's clock",
            instead: "take `now` as an argument, or ask WallClock",
            covers: inSources,
            exceptions: [
                home: "the clock itself",
                "Sources/LockboxServer/LogOutput.swift":
                    "lines that wait go out a moment later, whatever the time is",
                "Sources/lockbox/Shell.swift":
                    "the tool shows the time left by the clock of whoever runs it",
                "Sources/LockboxWitness/WitnessServer.swift":
                    "a witness signs by the clock of whoever runs it",
            ],
            find: {
                matches(
                    #"\bDate\(\)|\bDate\.now\b|\bDate\(timeIntervalSinceNow|\b(clock_)?gettime(ofday)?\b|\btime\(nil\)"#
                        + #"|\bDispatch(Wall)?Time\.now"#,
                    in: $0.code
                )
            },
            bad: "let now = Date()",
            good: "let now = clock.now() // never Date()"
        ),
        Rule(
            name: "takes chance from the machine",
            instead: "ask Entropy",
            covers: inSources,
            exceptions: [home: "the source of chance itself"],
            find: {
                matches(
                    #"\bUUID\(\)|\.random\(|\bSystemRandomNumberGenerator\b|\.randomElement\(\)|\.shuffled?\(\)"#
                        + #"|\barc4random|\bgetrandom\("#,
                    in: $0.code
                )
            },
            bad: "let id = UUID()",
            good: "let id: AccessRequestID = entropy.id()"
        ),
        Rule(
            name: "lets the database read a clock",
            instead: "bind the instant as a value",
            covers: inSources,
            find: {
                matches(
                    #"(?i)\bNOW\(\)|\bCURRENT_(TIMESTAMP|DATE|TIME)\b|\bRANDOM(BLOB)?\("#
                        + #"|\b(datetime|strftime|julianday|unixepoch|date|time)\([^)]*'now'"#,
                    in: $0.literals
                )
            },
            bad: "let sql = \"UPDATE t SET at = now()\"",
            good: "let at = now() // not \"NOW()\""
        ),
        Rule(
            name: "prints",
            instead: "use the logger; only the programs talk to a terminal",
            covers: inSources(outside: "lockbox", "lockbox-gallery", "lockboxd"),
            find: { matches(#"(?<![\w.])(print|debugPrint|dump)\("#, in: $0.code) },
            bad: "print(request)",
            good: "footprint(request)"
        ),
    ]

    private static let errorRules = [
        Rule(
            name: "crashes on an error",
            instead: "handle it, or throw it on",
            covers: inSources,
            find: { matches(#"\btry!"#, in: $0.code) },
            bad: "let text = try! read()",
            good: "let text = try read()"
        ),
        Rule(
            name: "drops an error",
            instead: "handle it, or say on the line why not: `// best effort: …`",
            covers: inSources,
            find: { file in
                matches(#"\btry\?"#, in: file.code).filter { line in
                    file.lines[line - 1].range(
                        of: #"// best effort: \S+"#,
                        options: .regularExpression
                    ) == nil
                }
            },
            bad: "try? close()",
            good: "try? close()  // best effort: the process ends anyway"
        ),
        Rule(
            name: "swallows an error",
            instead: "handle it",
            covers: inSources,
            find: { matches(#"\bcatch\s*\{\s*\}"#, in: $0.code) },
            bad: "do { try close() } catch {}",
            good: "do { try close() } catch { throw .unavailable }"
        ),
    ]

    private static let looksAgain =
        "looks again for what a loop in another task does; the waits decide nothing"

    private static let concurrencyRules = [
        Rule(
            name: "starts a task that nobody waits for",
            instead: "use a task group or a Service",
            covers: inSources,
            exceptions: [home: "where things that run on their own begin"],
            find: {
                matches(
                    #"\bTask\s*\{|\bTask\(|\bTask\.detached\b|\bTask<.*>\s*[\{\(]"#,
                    in: $0.code
                )
            },
            bad: "Task { await drain() }",
            good: "group.addTask { await drain() }"
        ),
        Rule(
            name: "sleeps",
            instead: "wait for a deadline that the caller names, through the world's sleeper",
            covers: inSources,
            exceptions: [
                home: "the sleeper itself",
                "Sources/LockboxStoreSQLite/SQLiteEngine.swift":
                    "opening a file, before anything runs that could be held up",
            ],
            find: { matches(#"\b(Task|Thread|Glibc)\.sleep\b|\b(u|nano)sleep\("#, in: $0.code) },
            bad: "try await Task.sleep(for: .seconds(1))",
            good: "try await sleeper.sleep(until: deadline)"
        ),
        Rule(
            name: "sleeps in a test",
            instead: "wait for what must happen: a stream, a continuation, the test's own clock",
            covers: { $0.hasPrefix("Tests/") },
            exceptions: [
                "Tests/LockboxStoreSQLiteTests/CrashTests.swift":
                    "kills a process at any moment of its writing",
                "Tests/LockboxWorkTests/OrdersTests.swift": looksAgain,
                "Tests/LockboxNotifierTests/MailJobTests.swift": looksAgain,
                "Tests/LockboxNotifierTests/ScriptedMailer.swift": looksAgain,
            ],
            find: { matches(#"\b(Task|Thread|Glibc)\.sleep\b|\b(u|nano)sleep\("#, in: $0.code) },
            bad: "try await Task.sleep(for: .seconds(1))",
            badPath: "Tests/LockboxServiceTests/SubmitTests.swift",
            good: "for await _ in committed { break }  // no Task.sleep"
        ),
        Rule(
            name: "claims to be safe without saying why",
            instead: "say it in a comment on the line before",
            covers: inSources,
            find: { file in
                matches(
                    #"@unchecked\s+Sendable|nonisolated\(unsafe\)|@preconcurrency\b"#,
                    in: file.code
                ).filter {
                    line in
                    line < 2
                        || !file.lines[line - 2].trimmingCharacters(in: .whitespaces).hasPrefix(
                            "//"
                        )
                }
            },
            bad: "import A\nfinal class Box: @unchecked Sendable {}",
            good: "// All its state is behind the lock.\nfinal class Box: @unchecked Sendable {}"
        ),
    ]

    private static let wallRules = [
        Rule(
            name: "imports Foundation on a floor below",
            instead: "the lowest two floors do without",
            covers: inRooms("LockboxDomain", "MerkleLog", "LockboxWire", "LockboxPorts"),
            find: { matches(#"\bimport\s+(\w+\s+)?Foundation"#, in: $0.code) },
            bad: "public import Foundation",
            badPath: "Sources/LockboxDomain/Text.swift",
            good: "// import Foundation"
        ),
        Rule(
            name: "catches cases not yet written",
            instead: "name each case, so that a new one does not compile",
            covers: inRooms("LockboxDomain"),
            find: { matches(#"^\s*(@unknown\s+)?default\s*:"#, in: $0.code) },
            bad: "switch state {\ndefault: break\n}",
            badPath: "Sources/LockboxDomain/Text.swift",
            good: "struct Setting { var `default`: Int }"
        ),
        Rule(
            name: "catches the rest of a domain enum",
            instead: "name each case, so that a new one does not compile",
            covers: inSources(outside: "lockbox", "LockboxClient"),
            exceptions: DomainEnums.exceptions,
            find: DomainEnums.catchAlls,
            bad: "switch state {\ncase .awaitingManager: 1\ncase _: 2\n}",
            good: "switch name {\ncase \"read\": .awaitingManager\ncase _: nil\n}"
        ),
        Rule(
            name: "writes to a store past the audit log",
            instead: "go through AuditedStore.write(by:)",
            covers: inSources(
                // A witness has a database of its own, and no audit log.
                outside: "LockboxAudit",
                "LockboxStorePostgres",
                "LockboxStoreSQL",
                "LockboxStoreSQLite",
                "LockboxWitness"
            ),
            find: { matches(#"\.write\s*\{|\bstore\.write\((?!by:)"#, in: $0.code) },
            bad: "try await store.write { tx in tx.save(request) }",
            good: "try await store.write(by: actor) { change in change.emit(event) }"
        ),
    ]

    private static let sizeRules = [
        Rule(
            name: "has more than 120 columns",
            instead: "break the line",
            covers: { _ in true },
            find: { file in
                file.lines.indices.filter { index in
                    guard file.lines[index].unicodeScalars.count > 120 else { return false }
                    // Inside a text of several lines, a break would change the text. Such a line
                    // begins with text; any other begins with code, if only a quotation mark.
                    return file.code[index].prefix { $0 == " " }.count
                        <= file.literals[index].prefix { $0 == " " }.count
                }.map { $0 + 1 }
            },
            bad: "// " + String(repeating: "x", count: 118),
            good: "// " + String(repeating: "é", count: 117)
        ),
        Rule(
            name: "has more than 600 lines",
            instead: "make two files of it",
            covers: { _ in true },
            find: { $0.lines.count > 601 ? [601] : [] },
            bad: String(repeating: "x\n", count: 601),
            good: String(repeating: "x\n", count: 600)
        ),
        Rule(
            name: "is a function of more than 70 lines",
            instead: "give its steps names",
            covers: { _ in true },
            find: longFunctions,
            bad: "func f() {\n" + String(repeating: "    g()\n", count: 69) + "}\n",
            good: "func f() {\n" + String(repeating: "    g()\n", count: 68) + "}\nfunc g() {}\n"
        ),
    ]

    private static let proseRules = [
        Rule(
            name: "leaves something for later",
            instead: "do it, or open an issue",
            covers: { _ in true },
            exceptions: ["Tests/TidyTests/Rule.swift": "names the words"],
            find: {
                matches(
                    #"\b(TODO|FIXME|XXX|HACK)\b"#,
                    in: $0.lines.map { $0.replacing("\"TODO\"", with: "") }
                )
            },
            bad: "// TODO: later",
            good: "mkstemp(\"lockbox.XXXXXX\")"
        ),
        Rule(
            name: "lacks a line of documentation",
            instead: "say in a /// line what it is",
            covers: inRooms("LockboxDomain", "LockboxPorts", "MerkleLog", "LockboxWire"),
            find: undocumented,
            bad: "struct A {\n    public func b() {}\n}",
            badPath: "Sources/LockboxDomain/Text.swift",
            good: """
                /// What it is.
                @frozen
                public struct A: CustomStringConvertible {
                    public let id: Int
                    public var name: String
                    public init() {}
                    public var description: String { "" }
                    public static func < (left: A, right: A) -> Bool { true }
                }
                """
        ),
    ]
}

/// A function's first line is the one with `func` or `init`, its last the one with the brace that
/// closes its body.
private func longFunctions(in file: SourceText) -> [Int] {
    matches(#"^\s*([\w@\(\)]+\s+)*(func\s+\S|init[?(<]|deinit\b|subscript\b)"#, in: file.code)
        .filter { line in
            var depth = 0
            for (offset, text) in file.code[(line - 1)...].enumerated() {
                let before = depth
                for character in text {
                    if character == "{" { depth += 1 }
                    if character == "}" { depth -= 1 }
                }
                if depth < 0 { return false }  // a requirement of a protocol: it has no body
                let opened = before > 0 || text.contains("{")
                if opened && depth == 0 { return offset + 1 > 70 }
            }
            return false
        }
}

/// Types, functions and computed properties that other rooms see, without a `///` line before.
/// Exempt are initialisers and stored properties, whose names say it, and what a conformance to a
/// well-known protocol asks for.
private func undocumented(in file: SourceText) -> [Int] {
    let modifiers =
        #"^\s*(public|package)\s+((static|mutating|indirect|final|nonisolated|consuming|borrowing)\s+)*"#
    let declared = matches(
        modifiers + #"(struct|enum|class|actor|protocol|func|subscript|var\s.*\{)"#,
        in: file.code
    )
    let asked =
        #"\bfunc\s+([^\w\s`]|(encode|hash|next|makeIterator)\b)"#
        + #"|\bvar\s+(description|debugDescription|customMirror)\b"#
    return declared.filter { line in
        if file.code[line - 1].range(of: asked, options: .regularExpression) != nil { return false }
        var before = line - 2
        while before >= 0, file.lines[before].trimmingCharacters(in: .whitespaces).hasPrefix("@") {
            before -= 1
        }
        return before < 0
            || !file.lines[before].trimmingCharacters(in: .whitespaces).hasPrefix("///")
    }
}
