import Foundation
import Testing

@Suite("The source tree is tidy")
struct TidyTests {
    @Test(arguments: Rule.all)
    func nothingBreaks(_ rule: Rule) throws {
        for file in try Tree.files.get() {
            for fault in rule.faults(in: file) { Issue.record("\(fault)") }
        }
    }

    @Test(arguments: Rule.all)
    func eachRuleFindsABadSnippetAndPassesAGoodOne(_ rule: Rule) {
        #expect(!rule.faults(in: SourceText(path: rule.badPath, text: rule.bad)).isEmpty)
        #expect(rule.faults(in: SourceText(path: rule.badPath, text: rule.good)) == [])
    }

    @Test(arguments: Rule.all)
    func everyExceptionIsStillNeeded(_ rule: Rule) throws {
        for path in rule.exceptions.keys {
            // The home is written last; until it is there, it needs no exception.
            guard FileManager.default.fileExists(atPath: Tree.root.appending(path: path).path)
            else { continue }
            let file = SourceText(path: path, text: try Tree.text(path))
            if path != Rule.home {
                #expect(!rule.find(file).isEmpty, "\(path) does not break this rule any more")
            }
        }
    }

    @Test func styleSheetAndTemplatesHaveNoLongLines() throws {
        let files = try Tree.paths(
            under: ["Sources/LockboxPortal"],
            endingIn: [".css", ".mustache"]
        )
        #expect(files.count > 40)
        for file in files {
            let lines = try Tree.text(file).split(separator: "\n", omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated() where line.unicodeScalars.count > 100 {
                Issue.record("\(file):\(index + 1): has more than 100 columns; break the line")
            }
        }
    }

    @Test func theTreeIsThere() throws {
        let files = try Tree.files.get()
        #expect(files.count > 40)
        #expect(files.contains { $0.path == "Tests/TidyTests/TidyTests.swift" })
        #expect(
            files.contains {
                $0.path == "Sources/LockboxDomain/AccessRequest.swift" && $0.room == "LockboxDomain"
            }
        )
    }

    @Test func commentsAndStringsAreToldFromCode() {
        let text = """
            let a = "Date() \\(b("x", c)) Date()" // Date()
            /* Date() /* nested Date() */ Date() */ let d = 1
            let e = #"raw " \\(Date()) Date()"#
            let f = #"raw \\#(UUID()) text"#
            """
        let file = SourceText(path: "Sources/X/x.swift", text: text)
        #expect(!file.code.joined().contains("Date()"))
        #expect(file.code[0].contains("b(\""))
        #expect(file.code[1].hasSuffix("let d = 1"))
        #expect(file.code[3].contains("UUID()"))
        #expect(file.literals[0].contains("Date()"))
        #expect(!file.literals[0].contains("b("))
        #expect(file.literals[1].allSatisfy { $0 == " " })
        #expect(file.lines.count == 4)
        let multiline = SourceText(
            path: "Sources/X/x.swift",
            text: "let s = \"\"\"\n  \"Task {\" \\(x)\n\"\"\"\nlet y = 2"
        )
        #expect(!multiline.code.joined().contains("Task"))
        #expect(multiline.code[1].contains("x"))
        #expect(multiline.code[3] == "let y = 2")
    }
}

@Suite("The walls between the rooms stand")
struct WallTests {
    private let plan: PackagePlan

    init() throws { plan = try PackagePlan(package: Tree.text("Package.swift")) }

    @Test func thePackageIsRead() {
        #expect(plan.rooms.count >= 15)
        #expect(
            plan.rooms.contains {
                $0.name == "LockboxPorts" && $0.uses == ["LockboxDomain", "MerkleLog"]
            }
        )
        #expect(plan.libraries.contains("GRDB"))
        #expect(
            Set(plan.programs.keys) == ["lockbox", "lockbox-demo", "lockbox-gallery", "lockboxd"]
        )
    }

    @Test func everyRoomHasItsFolderAndEveryFolderItsRoom() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Tree.root.appending(path: "Sources").path
        )
        // Outside libraries in C have a folder for their module map.
        let systemLibraries: Set = ["CLibcurl", "CLibpq", "CZxcvbn"]
        #expect(
            Set(folders).subtracting(systemLibraries)
                == Set(plan.rooms.map(\.name) + plan.programs.keys)
        )
    }

    @Test func everyRoomHasItsTests() throws {
        let without = [
            "CCurl": "calls of libcurl and nothing more; LockboxMailTests use them",
            "LockboxHTTP": "the kit of the doors; LockboxAPITests and LockboxPortalTests ask them",
            "LockboxInstallation": "the parts put together; the end-to-end tests start it",
            "LockboxLibpq":
                "calls of libpq; LockboxServicesTests and LockboxStorePostgresTests use them",
            "LockboxPorts": "protocols and plain values; the store contract holds them",
            "LockboxStoreSQL": "statements without an engine; LockboxStoreSQLiteTests run them",
        ]
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Tree.root.appending(path: "Tests").path
        )
        let lacking = plan.rooms.map(\.name).filter { !folders.contains("\($0)Tests") }
        #expect(lacking.filter { without[$0] == nil } == [])
        let known = Set(plan.rooms.map(\.name))
        for room in without.keys where known.contains(room) {
            #expect(lacking.contains(room), "\(room) has tests and needs no exception")
        }
    }

    @Test func importsGoDown() {
        let allowed = [
            "LockboxStorePostgres → LockboxStoreSQL":
                "the other engine below the same statements",
            "LockboxStoreSQLite → LockboxStoreSQL":
                "the engine below the statements that are written once",
            "LockboxApprovals → WebAuthn":
                "what a passkey signed is read by the room that knows passkeys, on both sides",
        ]
        #expect(plan.climbingUses(allowed: allowed) == [])
        #expect(Set(plan.climbingUses()) == Set(allowed.keys), "an exception that is not needed")
    }

    @Test func importsAreDeclared() throws {
        let files = try Tree.files.get().filter { $0.path.hasPrefix("Sources/") }
        for fault in try plan.undeclaredImports(in: files) {
            Issue.record("\(fault) is not declared in Package.swift")
        }
    }

    @Test func theCustomersToolHasNoServerCodeInIt() {
        let rooms = Set(plan.rooms.map(\.name))
        #expect(
            Set(plan.programs["lockbox"] ?? []).intersection(rooms) == [
                "LockboxApprovals", "LockboxClient", "LockboxWire", "LockboxWitness", "MerkleLog",
                // Letters of `lockbox watch`, and the values that they are made of.
                "LockboxDomain", "LockboxMail", "LockboxPorts",
            ]
        )
    }

    @Test func theServerHasNoClientCodeInIt() {
        let client: Set = [
            "LockboxClient", "LockboxWire", "MerkleLog", "AsyncHTTPClient", "NIOCore", "NIOPosix",
        ]
        #expect(Set(plan.programs["lockboxd"] ?? []).isDisjoint(with: client))
        #expect(!(plan.programs["lockboxd"] ?? []).isEmpty)
    }

    @Test func theTableInTheArchitectureIsThePackages() throws {
        let table = try PackagePlan.table(in: Tree.text("ARCHITECTURE.md"))
        #expect(table.map(\.name) == plan.rooms.map(\.name))
        for (shown, room) in zip(table, plan.rooms) { #expect(shown == room) }
    }

    /// A map that names streets which are gone is worse than none.
    @Test func theFilesThatTheDocumentsNameExist() throws {
        for document in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"] {
            for name in try PackagePlan.filesNamed(in: Tree.text(document)) {
                let places = [name, "Sources/\(name)"].map { Tree.root.appending(path: $0).path }
                #expect(
                    places.contains { FileManager.default.fileExists(atPath: $0) },
                    "\(document): \(name)"
                )
            }
        }
        #expect(try PackagePlan.filesNamed(in: Tree.text("ARCHITECTURE.md")).count > 30)
        let markdown =
            "see `Gone/File.swift` and [this](docs/x.md#part), not [that](https://x.test/y.md)"
        #expect(try PackagePlan.filesNamed(in: markdown) == ["Gone/File.swift", "docs/x.md"])
    }

    @Test func aPlanThatClimbsIsFound() throws {
        let package = """
            let libraries: [String: T] = [
                "GRDB": .product(name: "GRDB", package: "GRDB.swift"),
            ]
            let rooms: [R] = [
                (0, "Low", ["High"]),
                (
                    1, "High",
                    ["Low", "Beside", "GRDB"]
                ),
                (1, "Beside", []),
            ]
            """
        let plan = try PackagePlan(package: package)
        #expect(plan.climbingUses() == ["Low → High", "High → Beside"])
        let files = [
            SourceText(
                path: "Sources/Low/a.swift",
                text: "public import GRDB\nimport High\nimport Glibc"
            ),
            SourceText(
                path: "Sources/High/a.swift",
                text: "@testable import struct Low.A\nimport GRDB // import X"
            ),
        ]
        #expect(try plan.undeclaredImports(in: files) == ["Sources/Low/a.swift: GRDB"])
        let markdown = """
            <!-- rooms -->
            | floor | room | what | uses |
            | --- | --- | --- | --- |
            | 0 | `Low` | low | `High` |
            | 1 | `Beside` | beside | – |
            <!-- end of rooms -->
            """
        #expect(
            try PackagePlan.table(in: markdown) == [
                .init(floor: 0, name: "Low", uses: ["High"]),
                .init(floor: 1, name: "Beside", uses: []),
            ]
        )
        #expect(throws: PackagePlan.Unreadable.self) { try PackagePlan.table(in: "no table") }
    }
}
