// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import SystemPackage
import Yams

/// A mapping of `holdfast.yaml` of which only known keys are accepted: a misspelt setting must not look like one
/// that was left out.
struct YAMLSection {
    private let mapping: Node.Mapping
    private let file: FilePath
    /// `source`, `vault.copies[2]`; empty for the whole file.
    private let name: String

    /// Takes a node that must be a mapping with no other than these keys.
    init(_ node: Node, named name: String, of file: FilePath, keys: [String]) throws {
        guard case .mapping(let mapping) = node else {
            throw Self.error(file, node, "\(name.isEmpty ? "the file" : name) must be a list of “key: value”")
        }
        (self.mapping, self.file, self.name) = (mapping, file, name)
        for (key, _) in mapping {
            guard case .scalar(let scalar) = key, keys.contains(scalar.string) else {
                throw unknown(key, keys)
            }
        }
    }

    private func unknown(_ key: Node, _ keys: [String]) -> HoldfastError {
        guard case .scalar(let scalar) = key else { return Self.error(file, key, "a key must be a word") }
        let place = name.isEmpty ? "" : " in \(name)"
        let near = EditDistance.nearest(to: scalar.string, among: keys).map { "Did you mean \($0)? " } ?? ""
        return Self.error(
            file, key, "“\(scalar.string.prefix(60))” is no setting\(place)",
            hint: "\(near)The settings\(place) are \(keys.joined(separator: ", ")).")
    }

    /// Whether the key is there.
    func has(_ key: String) -> Bool { mapping[key] != nil }

    /// A value that must be text (a number is), with its line.
    ///
    /// - Parameter allowsNothing: whether the value may be empty, which switches a default off.
    func text(_ key: String, allowsNothing: Bool = false) throws -> Setting<String>? {
        guard let node = mapping[key] else { return nil }
        guard case .scalar(let scalar) = node else {
            throw Self.error(file, node, "\(path(key)) must be one word or text")
        }
        let isNothing = scalar.string.isEmpty || (scalar.style == .plain && ["~", "null"].contains(scalar.string))
        guard allowsNothing || !isNothing else { throw Self.error(file, node, "\(path(key)) has no value") }
        return Setting(isNothing ? "" : scalar.string, from: Self.place(file, node))
    }

    /// A list of texts; one text alone is a list of one.
    func texts(_ key: String) throws -> [Setting<String>]? {
        guard let node = mapping[key] else { return nil }
        guard case .sequence(let nodes) = node else { return try text(key).map { [$0] } }
        return try nodes.map { node in
            guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
                throw Self.error(file, node, "each of \(path(key)) must be one word or text")
            }
            return Setting(scalar.string, from: Self.place(file, node))
        }
    }

    /// A section within this one.
    func section(_ key: String, keys: [String]) throws -> YAMLSection? {
        try mapping[key].map { try YAMLSection($0, named: path(key), of: file, keys: keys) }
    }

    /// A list of sections within this one.
    func sections(_ key: String, keys: [String]) throws -> [YAMLSection]? {
        guard let node = mapping[key] else { return nil }
        guard case .sequence(let nodes) = node else { throw Self.error(file, node, "\(path(key)) must be a list") }
        return try nodes.enumerated().map { index, node in
            try YAMLSection(node, named: "\(path(key))[\(index + 1)]", of: file, keys: keys)
        }
    }

    /// The sections of a mapping whose keys are names that the operator chose.
    func namedSections(_ key: String, keys: [String]) throws -> [(name: String, section: YAMLSection)] {
        guard let node = mapping[key] else { return [] }
        guard case .mapping(let named) = node else {
            throw Self.error(file, node, "\(path(key)) must be a list of “name: settings”")
        }
        return try named.map { name, node in
            guard case .scalar(let scalar) = name, !scalar.string.isEmpty else {
                throw Self.error(file, name, "each of \(path(key)) must have a name")
            }
            let place = "\(path(key)).\(scalar.string.prefix(63))"
            return (scalar.string, try YAMLSection(node, named: place, of: file, keys: keys))
        }
    }

    /// `true` or `false`.
    func flag(_ key: String) throws -> Bool? {
        guard let setting = try text(key) else { return nil }
        switch setting.value.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default:
            throw HoldfastError(.invalidConfiguration, "\(setting.origin): \(path(key)) is neither true nor false.")
        }
    }

    /// A number; 0 and above.
    func count(_ key: String) throws -> Int? {
        guard let setting = try text(key) else { return nil }
        guard let number = Int(setting.value), number >= 0 else {
            throw HoldfastError(.invalidConfiguration, "\(setting.origin): \(path(key)) must be a number.")
        }
        return number
    }

    /// An error of what was made of this section, with its line.
    func located(_ error: HoldfastError) -> HoldfastError {
        HoldfastError(error.code, "\(Self.place(file, .mapping(mapping))): \(error.message)", hint: error.hint)
    }

    /// An error that names this section and its line.
    func error(_ what: String, hint: String? = nil) -> HoldfastError {
        Self.error(file, .mapping(mapping), what, hint: hint)
    }

    private func path(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }

    private static func place(_ file: FilePath, _ node: Node) -> String {
        node.mark.map { "\(file) line \($0.line)" } ?? "\(file)"
    }

    private static func error(_ file: FilePath, _ node: Node, _ what: String, hint: String? = nil) -> HoldfastError {
        HoldfastError(.invalidConfiguration, "\(place(file, node)): \(what).", hint: hint)
    }
}
