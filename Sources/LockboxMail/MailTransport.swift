import FoundationEssentials
import Glibc
package import LockboxDomain
package import LockboxPorts

/// Where letters go, as the configuration's `mail` says it.
///
/// - `smtp://user:password@host:port?starttls=required`: submission with STARTTLS (port 587 unless
///   given);
///   `starttls=never` only where the host is this machine.
/// - `smtps://…`: TLS from the first byte (port 465 unless given).
/// - both: `ca=PATH` trusts that file's certificates instead of the system's; `from=ADDRESS` is the
///   envelope sender, to whom undelivered letters come back, instead of the letter's own;
///   `bounces=ADDRESS` gives each letter an envelope sender of its own, `local+LETTER@domain`;
///   `tokenFile=PATH` holds an
///   OAuth 2.0 access token, with which `user` signs in by XOAUTH2 instead of a password.
/// - `file:DIR`: one file a letter, for development.
package enum MailTransport: Sendable {
    case smtp(SMTPConfiguration)
    case folder(String)

    package static func parse(_ text: String) throws(MailConfigurationError) -> MailTransport {
        if text.hasPrefix("file:") { return .folder(try folder(text.dropFirst("file:".count))) }
        guard text.hasPrefix("smtp://") || text.hasPrefix("smtps://") else {
            throw MailConfigurationError("must start with smtp://, smtps:// or file:")
        }
        // The text holds a password: no error may quote it.
        guard let url = URLComponents(string: text, encodingInvalidCharacters: false) else {
            throw MailConfigurationError(
                "is not a valid URL: special characters in the user name and password must be percent-encoded"
            )
        }
        return .smtp(try SMTPConfiguration(url))
    }

    /// The mailer this describes.
    package func mailer() -> any Mailer {
        switch self {
        case .smtp(let configuration): SMTPMailer(configuration)
        case .folder(let path): FileMailer(folder: path)
        }
    }

    /// The address under which each letter has an envelope sender of its own, where there is one.
    package var bounces: EmailAddress? {
        switch self {
        case .smtp(let configuration): configuration.bounces
        case .folder: nil
        }
    }

    private static func folder(_ text: Substring) throws(MailConfigurationError) -> String {
        let path = text.hasPrefix("//") ? text.dropFirst(2) : text
        guard !path.isEmpty, !path.utf8.contains(0), path == text || path.hasPrefix("/") else {
            throw MailConfigurationError("file: must be followed by a folder's path")
        }
        return String(path)
    }
}

extension MailTransport: CustomStringConvertible {
    /// The configuration without its password.
    package var description: String {
        switch self {
        case .smtp(let configuration): configuration.description
        case .folder(let path): "file:\(path)"
        }
    }
}

/// What is wrong with the `mail` setting, for the person who wrote it. Never holds the password.
package struct MailConfigurationError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ problem: String) { description = "mail: " + problem }
}

/// A relay, and how to talk to it.
package struct SMTPConfiguration: Sendable {
    package enum Encryption: Sendable, Equatable { case starttls, implicit, none }

    package let host: String
    package let port: Int
    package let encryption: Encryption
    package let credentials: SMTPCredentials?
    /// A PEM file whose certificates are trusted instead of the system's.
    package let authorities: String?
    /// The envelope sender; the letter's own where nil.
    package let sender: String?
    /// Where reports of undelivered letters come back: to `local+LETTER@domain` of it.
    package let bounces: EmailAddress?
    /// Limit for connecting, TLS and signing in.
    package var connectTimeout = TimeSpan.seconds(5)
    /// Limit for the whole transfer. Saying goodbye after it may take as long again.
    package var totalTimeout = TimeSpan.seconds(30)
    /// Letters on their way at the same time; more wait.
    package var parallelism = 4

    init(_ url: URLComponents) throws(MailConfigurationError) {
        host = try Self.host(url)
        let options = try Self.options(url)
        encryption = try Self.encryption(
            scheme: url.scheme,
            starttls: options["starttls"],
            host: host
        )
        port = url.port ?? (encryption == .implicit ? 465 : 587)
        guard (1...65_535).contains(port) else {
            throw MailConfigurationError("the port must be 1 to 65535")
        }
        guard url.path.isEmpty || url.path == "/" else {
            throw MailConfigurationError("nothing may follow the host but ?")
        }
        guard url.fragment == nil else { throw MailConfigurationError("# must be percent-encoded") }
        credentials = try Self.credentials(url, tokenFile: options["tokenFile"])
        authorities = options["ca"]
        if let authorities, access(authorities, R_OK) != 0 {
            throw MailConfigurationError("ca: cannot read \(authorities)")
        }
        sender = options["from"]
        if let sender, !MailText.isAddress(sender) {
            throw MailConfigurationError("from: not a mail address")
        }
        bounces = try Self.bounces(options["bounces"])
    }

    private static func bounces(_ text: String?) throws(MailConfigurationError) -> EmailAddress? {
        guard let text else { return nil }
        guard MailText.isAddress(text), let address = EmailAddress(text) else {
            throw MailConfigurationError("bounces: not a mail address")
        }
        let room = MailText.longestLocalPart - Limits.bounceTagLength
        guard text.utf8.prefix(while: { $0 != UInt8(ascii: "@") }).count <= room,
            text.utf8.count <= MailText.longestAddress - Limits.bounceTagLength
        else {
            throw MailConfigurationError(
                "bounces: the part before @ may have \(room) characters at most, the whole address "
                    + "\(MailText.longestAddress - Limits.bounceTagLength)"
            )
        }
        return address
    }

    private static func host(_ url: URLComponents) throws(MailConfigurationError) -> String {
        var host = (url.host ?? "")[...]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard MailText.isHostName(host) || isIPv6(String(host)) else {
            throw MailConfigurationError("the host is missing or not a host name or address")
        }
        return String(host)
    }

    private static func options(_ url: URLComponents) throws(MailConfigurationError) -> [String:
        String]
    {
        var options: [String: String] = [:]
        for item in url.queryItems ?? [] {
            guard ["starttls", "ca", "from", "bounces", "tokenFile"].contains(item.name) else {
                throw MailConfigurationError(
                    "unknown option after ?; known are starttls, ca, from, bounces and tokenFile"
                )
            }
            guard let value = item.value, !value.isEmpty, !value.utf8.contains(0),
                options[item.name] == nil
            else {
                throw MailConfigurationError("\(item.name): give one value")
            }
            options[item.name] = value
        }
        return options
    }

    private static func encryption(
        scheme: String?,
        starttls: String?,
        host: String
    ) throws(MailConfigurationError) -> Encryption {
        switch (scheme, starttls) {
        case ("smtps", nil): return .implicit
        case ("smtps", _):
            throw MailConfigurationError(
                "starttls: smtps:// is encrypted from the start; leave it out"
            )
        case (_, nil), (_, "required"): return .starttls
        case (_, "never"):
            guard isThisMachine(host) else {
                throw MailConfigurationError(
                    "starttls=never would send passwords and letters in the clear to \(host)"
                )
            }
            return .none
        case (_, _): throw MailConfigurationError("starttls: must be required or never")
        }
    }

    private static func credentials(
        _ url: URLComponents,
        tokenFile: String?
    ) throws(MailConfigurationError) -> SMTPCredentials? {
        guard
            url.percentEncodedUser != nil || url.percentEncodedPassword != nil || tokenFile != nil
        else { return nil }
        guard let user = url.user, !user.isEmpty else {
            throw MailConfigurationError("the user name is missing or not UTF-8")
        }
        if let tokenFile {
            guard url.percentEncodedPassword == nil else {
                throw MailConfigurationError("a password and tokenFile exclude each other")
            }
            guard MailText.isOneLine(user) else {
                throw MailConfigurationError("the user name may not contain control characters")
            }
            let credentials = SMTPCredentials(user: user, secret: .tokenFile(tokenFile))
            guard credentials.read() != nil else {
                throw MailConfigurationError("tokenFile: no access token can be read there")
            }
            return credentials
        }
        guard let password = url.password, !password.isEmpty else {
            throw MailConfigurationError("the password is missing or not UTF-8")
        }
        guard MailText.isOneLine(user), MailText.isOneLine(password) else {
            throw MailConfigurationError(
                "the user name and password may not contain control characters"
            )
        }
        return SMTPCredentials(user: user, secret: .password(password))
    }

    private static func isIPv6(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, host, &address) == 1
    }
}

extension SMTPConfiguration: CustomStringConvertible {
    /// The relay as a URL, its password left out.
    package var description: String {
        let scheme = encryption == .implicit ? "smtps" : "smtp"
        let user = credentials.map { "\($0)@" } ?? ""
        let options =
            encryption == .implicit
            ? "" : "?starttls=\(encryption == .starttls ? "required" : "never")"
        return "\(scheme)://\(user)\(host.contains(":") ? "[\(host)]" : host):\(port)\(options)"
    }
}
