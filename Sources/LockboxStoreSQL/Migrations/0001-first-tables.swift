extension Migration {
    static let firstTables = Migration(
        number: 1,
        name: "first tables",
        sqlite: [directory, requests, grants, log].joined(separator: "\n\n")
    )
}
