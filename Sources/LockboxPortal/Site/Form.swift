import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxService
import NIOCore

/// The fields of a form as they came in (`application/x-www-form-urlencoded`), bounded and decoded.
struct Form: Sendable {
    private let fields: [(name: String, value: String)]
    private let payloadHash: [UInt8]

    /// Reads the body of `request`. Throws where it is no form or too large: no page of ours sends
    /// such.
    init(_ request: Request) async throws {
        guard request.headers.mediaType == FormFields.mediaType,
            request.headers.foreignCharset == nil
        else {
            throw PortalError.notAForm
        }
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: PortalLimits.formBytes)
        } catch is NIOTooManyBytesError {
            throw PortalError.formTooLarge
        }
        guard let decoded = FormFields.decode(buffer.readableBytesView) else {
            throw PortalError.notAForm
        }
        fields = decoded
        guard fields.count <= PortalLimits.formFields else { throw PortalError.formTooLarge }
        var hasher = SHA256()
        hasher.update(data: Data("\(request.uri.path)\n".utf8))
        hasher.update(data: Data(buffer.readableBytesView))
        payloadHash = Array(hasher.finalize())
        guard (self["key"] ?? "").isFormKey else { throw PortalError.malformedField("key") }
    }

    /// For tests and re-made forms.
    init(_ fields: [(name: String, value: String)]) {
        self.fields = fields
        payloadHash = []
    }

    /// The field's text with outer white space gone and line ends made `\n`; nil if it is not there
    /// or empty.
    subscript(name: String) -> String? {
        guard let raw = fields.first(where: { $0.name == name })?.value else { return nil }
        let text = raw.replacing("\r\n", with: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : text
    }

    /// A secret is taken as it was typed.
    func secret(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

    /// The values of a field that may come several times, as check boxes do.
    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// Everything a person typed at length, so that an answer that could not be taken gives it back
    /// to her.
    var longTexts: [String] {
        ["reason", "comment", "text", "description"].compactMap { self[$0] }
    }

    /// Makes a second sending of one form the same command. Nil for a form without a key.
    var commandKey: CommandKey? {
        self["key"].map { CommandKey(key: "form-" + $0, payloadHash: payloadHash) }
    }
}

extension String {
    /// Whether it can be a form's key: visible ASCII, as much as a page of ours may write.
    fileprivate var isFormKey: Bool {
        utf8.count <= PortalLimits.formKeyLength && utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

extension Request {
    /// A field of the address, as forms that ask encode it: `+` is a space. Nil if it is not there
    /// or empty.
    func query(_ name: String) -> String? {
        guard let fields = FormFields.decode((uri.query ?? "").utf8),
            let text = fields.first(where: { $0.name == name })?.value.trimmingCharacters(
                in: .whitespacesAndNewlines
            ),
            !text.isEmpty
        else { return nil }
        return text
    }
}

extension Request {
    /// The path and the fields that hold something; nil where all of them do.
    var addressWithoutEmptyFields: String? {
        guard let query = uri.query, let fields = FormFields.decode(query.utf8),
            fields.contains(where: \.value.isEmpty)
        else { return nil }
        let full = fields.filter { !$0.value.isEmpty }
            .map { "\($0.name.asQueryValue)=\($0.value.asQueryValue)" }
        let path = full.isEmpty ? uri.path : uri.path + "?" + full.joined(separator: "&")
        return path.asLocalPath
    }

    /// The values of a field that may be in the address several times, as check boxes are.
    func queries(_ name: String) -> [String] {
        (FormFields.decode((uri.query ?? "").utf8) ?? []).filter { $0.name == name }.map(\.value)
    }

    /// How often a field is in the address.
    func queryCount(_ name: String) -> Int { queries(name).count }
}

/// What goes wrong between a browser and the portal, before any rule is asked.
enum PortalError: Error {
    case notAForm, formTooLarge
    /// What asks for a sign-in does not say, or not rightly, which command line it is.
    case unknownCommandLine
    /// A field that pages fill in, and not people, holds what no page of ours writes.
    case malformedField(String)
    /// The form does not come from a page that this session was shown; or, with two origins, not
    /// from a page of ours at all.
    case foreignForm(ForeignOrigin?)
    /// The session ended before the form was sent; `kept` is what had been typed at length.
    case signedOutMeanwhile(kept: [String], back: String)
}

/// Where the browser says a form comes from, and what this server is known as.
struct ForeignOrigin: Hashable, Sendable {
    let sent: String
    let ours: String
}

/// The portal's bounds by name.
package enum PortalLimits {
    /// How long the overview says that access was found that nobody granted.
    static let unknownShown = TimeSpan.days(7)
    static let formBytes = 64 * 1024
    static let formFields = 200
    /// Characters of a foreign origin that are shown: a host of 253, its scheme and port.
    static let originLength = 270
    /// Bytes of what a command line wants back with its answer.
    static let stateBytes = 200
    /// How long a browser keeps what was just done there.
    static let doneKept = TimeSpan.minutes(5)
    /// Bytes of the key that makes a form's second sending the same command.
    static let formKeyLength = 64
    /// Requests and records on one page.
    static let pageSize = 25
    /// Things that most was done to, of one access.
    static let subjects = 10
    /// Records that the story of one access is told from, and those of one kind that are shown: the
    /// first ones and the last.
    static let (stepsOfAStory, stepsOfAKind) = (200, 5)
    /// Operations that the page of a record shows.
    static let operations = 100
    /// Requests of one state that a page without pages looks at, newest first.
    static let listed = 100
    /// People before the first one of a page.
    static let peopleSkipped = 1_000_000
    /// Letters of one field of a search.
    static let searchLength = 200
    /// Requests that the page of a month shows.
    static let reportRows = 500
    /// Texts that the page which erases them counts.
    static let erasedShown = 1_000
    /// Differences that a check of the log shows.
    static let differences = 50
    /// Requests that wait, and open access, on the first page.
    static let waitingShown = 5
    /// Past requests on the first page.
    static let recent = 6
    /// Browsers that follow changes at once, for one person and in all.
    static let listenersPerPerson = 8
    static let listeners = 256
    /// How often a page that waits for changes hears that the connection lives, and its session is
    /// looked at.
    static let heartBeat = TimeSpan.seconds(10)
    /// The least time between two of its changes.
    static let liveRest = TimeSpan(milliseconds: 500)
}
