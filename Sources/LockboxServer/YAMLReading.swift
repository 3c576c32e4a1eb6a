import Foundation
import LockboxPorts
import Yams

/// One value in a YAML file, which knows its line and the path of keys that leads to it.
struct YAMLValue: SettingsValue {
    private let node: Node
    private let fileName: String
    /// Where the file lies, which paths in it are relative to.
    private let folder: URL
    /// The key's line where there is a key, because that is what a reader looks for.
    private let line: Int
    let path: String
    private let files: FileProblems

    /// Reads `text`, which came from the file called `file` in `folder`.
    init(
        parsing text: String,
        file: String,
        folder: URL,
        files: FileProblems = FileProblems()
    ) throws(ConfigurationError) {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw ConfigurationError("\(file): is empty")
            }
            self.init(
                node: node,
                file: file,
                folder: folder,
                line: node.mark?.line ?? 0,
                path: "",
                files: files
            )
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

    private init(
        node: Node,
        file: String,
        folder: URL,
        line: Int,
        path: String,
        files: FileProblems
    ) {
        self.node = node
        fileName = file
        self.folder = folder
        self.line = line
        self.path = path
        self.files = files
    }

    /// `directory.yaml, line 12: tenants[0].people[1].email`.
    var place: String { "\(fileName), line \(line)\(path.isEmpty ? "" : ": \(path)")" }

    func error(_ problem: String) -> ConfigurationError {
        ConfigurationError("\(place): \(problem)")
    }

    func members(_ known: [String]) throws(ConfigurationError) -> [String: YAMLValue] {
        guard case .mapping(let mapping) = node else {
            throw error("must be a mapping of keys to values")
        }
        var members: [String: YAMLValue] = [:]
        for (key, value) in mapping {
            let at = self.at(key, line: key.mark?.line, path: join(key.string ?? "?"))
            guard let name = key.string, known.contains(name) else {
                throw at.error("is not a known key; known are \(known.joined(separator: ", "))")
            }
            guard members[name] == nil else { throw at.error("is given twice") }
            members[name] = self.at(value, line: at.line, path: at.path)
        }
        return members
    }

    /// The members of a mapping whose keys anybody may choose, in their order.
    func named() throws(ConfigurationError) -> [(name: String, value: YAMLValue)] {
        guard case .mapping(let mapping) = node else {
            throw error("must be a mapping of names to values")
        }
        var members: [(name: String, value: YAMLValue)] = []
        for (key, value) in mapping {
            let at = self.at(key, line: key.mark?.line, path: join(key.string ?? "?"))
            guard let name = key.string else { throw at.error("must have a text for a name") }
            guard !members.contains(where: { $0.name == name }) else {
                throw at.error("is given twice")
            }
            members.append((name, self.at(value, line: at.line, path: at.path)))
        }
        return members
    }

    /// Whether there are keys below it.
    var isMapping: Bool { if case .mapping = node { true } else { false } }

    /// Whether it is a list.
    var isSequence: Bool { if case .sequence = node { true } else { false } }

    /// The member `key` of a mapping, whatever else is in it; what decides how the rest is read.
    func member(_ key: String) throws(ConfigurationError) -> YAMLValue {
        guard case .mapping(let mapping) = node else {
            throw error("must be a mapping of keys to values")
        }
        for (name, value) in mapping where name.string == key {
            return at(value, line: name.mark?.line, path: join(key))
        }
        throw error("\(key) is missing")
    }

    func items() throws(ConfigurationError) -> [YAMLValue] {
        guard case .sequence(let sequence) = node else { throw error("must be a list") }
        return sequence.enumerated().map {
            at($1, line: $1.mark?.line, path: "\(path)[\($0)]")
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

    func secretFile() throws(ConfigurationError) -> String { try file(mustBePrivate: true) }

    func file() throws(ConfigurationError) -> String { try file(mustBePrivate: false) }

    private func file(mustBePrivate: Bool) throws(ConfigurationError) -> String {
        let path = URL(filePath: try text(), relativeTo: folder).standardizedFileURL.path
        do {
            _ = try SecretFile.read(path, for: place, mustBePrivate: mustBePrivate)
        } catch {
            // The rest is read all the same, so that whoever sets up hears of all files at once.
            files.add(error)
        }
        return path
    }

    private func at(_ node: Node, line: Int?, path: String) -> YAMLValue {
        YAMLValue(
            node: node,
            file: fileName,
            folder: folder,
            line: line ?? self.line,
            path: path,
            files: files
        )
    }

    private func join(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

/// What is wrong with the files that a file names, in the order in which they are named.
final class FileProblems {
    private var found: [String] = []

    func add(_ problem: ConfigurationError) { found.append(problem.description) }

    /// Throws them all as one error, a line each.
    func throwIfAny() throws(ConfigurationError) {
        if !found.isEmpty { throw ConfigurationError(found.joined(separator: "\n")) }
    }
}
