import Foundation
import LockboxNotifier
import LockboxPorts

extension Appearance {
    private static let logoBytes = 64 * 1024
    private static let helpLength = 1...200

    /// Reads `colour`, `logo`, `help` and `helpLink`.
    init(
        _ values: [String: (text: String, place: String)],
        _ path: (String) -> String
    ) throws(ConfigurationError) {
        if let colour = values["colour"] {
            guard colour.text.wholeMatch(of: /#[0-9A-Fa-f]{6}/) != nil else {
                throw ConfigurationError("\(colour.place): must be a colour such as \"#0f6b63\"")
            }
        }
        if let help = values["help"] {
            let isOfOneLine = !help.text.unicodeScalars.contains {
                $0.properties.generalCategory == .control
            }
            guard Self.helpLength.contains(help.text.count), isOfOneLine else {
                throw ConfigurationError(
                    "\(help.place): must be one line of at most \(Self.helpLength.upperBound) characters"
                )
            }
        }
        if let link = values["helpLink"] {
            let parts = URLComponents(string: link.text)
            guard parts?.scheme == "https", parts?.host?.isEmpty == false, parts?.user == nil,
                link.text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
                link.text.utf8.count <= 500
            else {
                throw ConfigurationError(
                    "\(link.place): must be an address such as https://help.example.com/"
                )
            }
        }
        self.init(
            colour: values["colour"]?.text,
            logo: try values["logo"].map { value throws(ConfigurationError) in
                try Self.logo(path(value.text), value.place)
            },
            help: values["help"]?.text,
            helpLink: values["helpLink"]?.text
        )
    }

    private static func logo(_ path: String, _ place: String) throws(ConfigurationError) -> Logo {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw ConfigurationError("\(place): \(path) cannot be read")
        }
        guard data.count <= logoBytes, let logo = Logo([UInt8](data)) else {
            throw ConfigurationError(
                "\(place): \(path) must be a PNG or an SVG of at most \(logoBytes / 1024) KB"
            )
        }
        return logo
    }
}
