import LockboxMail
import LockboxPorts
package import LockboxServer
import LockboxService

extension Installation {
    /// Reads the configuration, and the directory file if one is given, with all files that they
    /// name, as the server and `apply` would; makes and changes nothing. Says what was read, a line
    /// each, or throws what is wrong.
    package static func check(_ configuration: Configuration, directory: String?) throws -> [String]
    {
        do {
            _ = try MailTransport.parse(configuration.mail)
        } catch {
            throw ConfigurationError("\(configuration.mailPlace): \(error)")
        }
        try Server.check(configuration)
        var report = ["the server's configuration is in order"]
        if let directory {
            let file = try DirectoryFile.load(path: directory, kinds: Server.kindsForReading())
            try file.checkForRepetition()
            report.append(
                "the directory file is in order: \(file.tenants.count) tenant(s), "
                    + "\(file.services.count) service(s)"
            )
        }
        return report
    }
}
