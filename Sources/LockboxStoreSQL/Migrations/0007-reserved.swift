extension Migration {
    /// Stands in for the step that another branch brings; its file replaces this one.
    static let reserved = Migration(number: 7, name: "reserved", statements: [])
}
