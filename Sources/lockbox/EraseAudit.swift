import ArgumentParser
import LockboxClient
import LockboxWire

struct EraseAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Erase texts of your log for good: reasons, comments, names.",
        discussion: """
              lockbox audit erase --request LBX-7K3M9QPXAB --reason "Asked for by the person concerned."
              lockbox audit erase --record 17 --field comment --reason "Names a patient."

            Says first how many texts of which records would go, and asks, on a terminal.
            The records and their hashes stay, and a record says which texts went, by
            whom and why. Copies that were exported are not changed.
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Option(help: "The tenant; your own if left out.") var tenant: String?
    @Option(help: "A record’s number; give it once for each.") var record: [UInt64] = []
    @Option(help: "Only this text of the records, such as comment; give it once for each.")
    var field: [String] = []
    @Option(help: "All that was recorded of an access request: LBX-…") var request: String?
    @Option(help: "All that was recorded of a support request.") var supportRequest: String?
    @Option(help: "What somebody did, what was done to her, and where her address stands: PER-…")
    var person: String?
    @Option(help: "Why; it stays in the log, and should name nobody.") var reason: String
    @Flag(name: [.short, .long], help: "Do not ask.") var yes = false

    func validate() throws {
        let ways = [!record.isEmpty, request != nil, supportRequest != nil, person != nil]
        guard ways.count(where: { $0 }) == 1 else {
            throw ValidationError("Give --record, --request, --support-request or --person.")
        }
        guard field.isEmpty || !record.isEmpty else {
            throw ValidationError("--field goes with --record.")
        }
    }

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let path = Path("v1", "tenants", try await session.tenant(tenant), "audit", "erasures")
            let new = NewErasure(
                records: record.isEmpty ? nil : record,
                fields: field.isEmpty ? nil : field,
                request: request,
                supportRequest: supportRequest,
                person: person,
                reason: reason
            )
            let preview: ErasurePreviewBody = try await session.client.post(
                path.appending("preview"),
                new
            )
            session.shell.tell(Self.words(preview))
            if !yes { try session.confirm("Erase this for good?") }
            let erased: ErasureBody = try await session.client.post(path, new)
            try session.show(erased) { erased in
                var sheet = Sheet()
                sheet.add("Texts erased", "\(erased.texts)")
                sheet.add("Of records", "\(erased.records)")
                return sheet.lines
            }
        }
    }

    /// What would go, with the place of each record.
    static func words(_ preview: ErasurePreviewBody) -> String {
        let records = preview.records.map { "\($0)" }.joined(separator: ", ")
        var words =
            records.isEmpty
            ? "No text of the log would go"
            : "Texts that would go: \(preview.more ? "more than " : "")\(preview.texts), "
                + "of the records \(records)\(preview.more ? ", …" : "")"
        if preview.directory { words += "; name and addresses in the directory, too" }
        return words + "."
    }
}
