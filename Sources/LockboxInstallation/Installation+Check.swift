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
        try OpenDatabase.check(configuration)
        try Server.check(configuration)
        return ["the server's configuration is in order"]
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
