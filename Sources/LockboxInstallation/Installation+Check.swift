import Foundation
import LockboxMail
import LockboxPorts
package import LockboxServer
import LockboxService

extension Installation {
    /// Reads the configuration with all files that it names, as the server would; makes and changes
    /// nothing. Says what was read, a line each, or throws what is wrong.
    package static func check(_ configuration: Configuration) throws -> [String] {
        do {
            _ = try MailTransport.parse(configuration.mail)
        } catch {
            throw ConfigurationError("\(configuration.mailPlace): \(error)")
        }
        try Server.check(configuration)
        let key = configuration.signingKeyFile
        guard !FileManager.default.fileExists(atPath: key) else {
            return ["the server's configuration is in order"]
        }
        return [
            "the server's configuration is in order",
            "there is no signing key at \(key) yet: the server makes one when it starts, and does not "
                + "start where the database has logs that are signed already",
        ]
    }

    /// The same of the directory file, as `apply` would read it; and how many gateways there are in it.
    package static func check(directory: String) throws -> (report: [String], gateways: Int) {
        let file = try DirectoryFile.load(path: directory, kinds: Server.kindsForReading())
        try file.checkForRepetition()
        let report =
            "the directory file is in order: \(file.tenants.count) tenant(s), "
            + "\(file.services.count) service(s)"
        return ([report], OpenFiles.gateways(of: file.services.map(\.settings)))
    }
}
