import Foundation
import Yams

/// A file that says what cannot be done, with the line and the key at fault.
package struct ConfigurationError: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// One value in a YAML file, which knows its line and the path of keys that leads to it.
struct YAMLValue {
    private let node: Node
    private let file: String
    /// The key's line where there is a key, because that is what a reader looks for.
    private let line: Int
    let path: String

    /// Reads `text`, which came from the file called `file`.
    init(parsing text: String, file: String) throws(ConfigurationError) {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw ConfigurationError("\(file): is empty")
            }
            self.init(node: node, file: file, line: node.mark?.line ?? 0, path: "")
        } catch let error as ConfigurationError {
            throw error
        } catch let error as YamlError {
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                throw ConfigurationError("\(file), line \(mark.line): \(problem)")
            case .duplicatedKeysInMapping(let keys, let context):
                throw ConfigurationError(
                    "\(file), line \(context.mark.line): "
                        + "\(keys.map { "\($0)" }.joined(separator: ", ")): is given twice"
                )
            default: throw ConfigurationError("\(file): is not YAML: \(error)")
            }
        } catch {
            throw ConfigurationError("\(file): is not YAML: \(error)")
        }
    }

    private init(node: Node, file: String, line: Int, path: String) {
        self.node = node
        self.file = file
        self.line = line
        self.path = path
    }

    /// `directory.yaml, line 12: tenants[0].people[1].email`.
    var place: String { "\(file), line \(line)\(path.isEmpty ? "" : ": \(path)")" }

    func error(_ problem: String) -> ConfigurationError {
        ConfigurationError("\(place): \(problem)")
    }

    /// The members of a mapping that may have `known` keys only.
    func members(_ known: [String]) throws(ConfigurationError) -> [String: YAMLValue] {
        guard case .mapping(let mapping) = node else {
            throw error("must be a mapping of keys to values")
        }
        var members: [String: YAMLValue] = [:]
        for (key, value) in mapping {
            let at = YAMLValue(
                node: key,
                file: file,
                line: key.mark?.line ?? line,
                path: join(key.string ?? "?")
            )
            guard let name = key.string, known.contains(name) else {
                throw at.error("is not a known key; known are \(known.joined(separator: ", "))")
            }
            guard members[name] == nil else { throw at.error("is given twice") }
            members[name] = YAMLValue(node: value, file: file, line: at.line, path: at.path)
        }
        return members
    }

    func items() throws(ConfigurationError) -> [YAMLValue] {
        guard case .sequence(let sequence) = node else { throw error("must be a list") }
        return sequence.enumerated().map {
            YAMLValue(node: $1, file: file, line: $1.mark?.line ?? line, path: "\(path)[\($0)]")
        }
    }

    func text() throws(ConfigurationError) -> String {
        guard case .scalar(let scalar) = node,
            scalar.style != .plain || !["", "~", "null"].contains(scalar.string)
        else {
            throw error("must be a text")
        }
        return scalar.string
    }

    func flag() throws(ConfigurationError) -> Bool {
        switch try text() {
        case "true": return true
        case "false": return false
        default: throw error("must be true or false")
        }
    }

    func number() throws(ConfigurationError) -> Int {
        guard let number = Int(try text()) else { throw error("must be a whole number") }
        return number
    }

    private func join(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

extension [String: YAMLValue] {
    /// The member `key`, which `owner` must have.
    func required(_ key: String, of owner: YAMLValue) throws(ConfigurationError) -> YAMLValue {
        guard let value = self[key] else { throw owner.error("\(key) is missing") }
        return value
    }
}
