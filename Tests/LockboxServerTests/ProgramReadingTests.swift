import LockboxDomain
import LockboxService
import Testing

@testable import LockboxServer

/// Programs in `directory.yaml`, and tenants that refuse them.
struct ProgramReadingTests {
    private static func load(_ text: String) throws -> DirectoryFile {
        try DirectoryReadingTests.load(text, in: try Folder())
    }

    private static func provider(_ roles: String, _ more: String = "") -> String {
        "provider:\n  people:\n"
            + "    - { email: bot@cloud.test, name: Bot, roles: [\(roles)]\(more) }\n"
    }

    private static func tenant(_ more: String) -> String {
        "tenants:\n  - id: contoso\n    name: Contoso Ltd\n    licence: { lockbox: true }\n"
            + "    \(more)\n"
    }

    @Test(arguments: [("", false), (", program: false", false), (", program: true", true)])
    func programIsWhatIsSaidToBeOne(_ more: String, _ isProgram: Bool) throws {
        let file = try Self.load(Self.provider("engineer", more))
        #expect(file.providerPeople.map(\.isProgram) == [isProgram])
    }

    @Test(arguments: [("allowPrograms: false", false), ("maxAccess: PT1H", true)])
    func tenantThatRefusesProgramsIsRead(_ rule: String, _ allows: Bool) throws {
        let file = try Self.load(Self.tenant("policy: { \(rule) }"))
        #expect(file.tenants.first?.policy?.allowsPrograms == allows)
    }

    @Test(arguments: [
        (provider("engineer, manager", ", program: true"), "no program decides"),
        (provider("auditor", ", program: true"), "no program decides"),
        (
            tenant("people: [{ email: b@contoso.test, name: B, roles: [], program: true }]"),
            "the provider's own programs"
        ),
    ])
    func programThatDecidesOrIsATenantsIsRefused(_ text: String, _ words: String) {
        #expect {
            _ = try Self.load(text)
        } throws: {
            "\($0)".contains(words) && "\($0)".contains("line")
        }
    }
}
