import Foundation
import LockboxPorts

/// What the store keeps of a kind's settings.
enum StoredSettings {
    /// A kind without settings of its own.
    static let none = "{}"

    /// JSON in one fixed form, so that equal settings are equal texts.
    static func text(_ settings: some Encodable) throws(ConfigurationError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(settings), as: UTF8.self)
        } catch {
            throw ConfigurationError("the settings of a service cannot be stored")
        }
    }

    /// Nil if `text` is not what `Settings` writes.
    static func read<Settings: Decodable>(_ text: String, as _: Settings.Type) -> Settings? {
        do {
            return try JSONDecoder().decode(Settings.self, from: Data(text.utf8))
        } catch {
            return nil
        }
    }
}
