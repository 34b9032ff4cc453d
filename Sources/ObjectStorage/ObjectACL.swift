// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Who may do what with an object (S3 API, AccessControlPolicy). As JSON it is kept in backups.
package struct ObjectACL: Codable, Hashable, Sendable {
    /// One right of one account, group or address.
    package struct Grant: Codable, Hashable, Sendable {
        /// Canonical id of an account.
        package var id: String?
        /// URI of a group, such as everybody.
        package var uri: String?
        package var email: String?
        /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
        package var permission: String

        package init(id: String? = nil, uri: String? = nil, email: String? = nil, permission: String) {
            self.id = id
            self.uri = uri
            self.email = email
            self.permission = permission
        }
    }

    /// Canonical id.
    package var owner: String
    package var grants: [Grant]

    package init(owner: String, grants: [Grant]) {
        self.owner = owner
        self.grants = grants
    }

    /// Whether it says no more than that the owner may do everything, which every object has at first.
    package var isOwnersAlone: Bool {
        grants.allSatisfy { $0.id == owner && $0.permission == "FULL_CONTROL" }
    }

    /// Reads the server's document.
    ///
    /// - Throws: ``ObjectStoreError`` `.badAnswer` for another document.
    package init(document: [UInt8]) throws {
        owner = ""
        grants = []
        do {
            try document.withUnsafeBytes { bytes in
                var scanner = XMLScanner(bytes)
                guard case "AccessControlPolicy" = try scanner.root() else {
                    throw XMLProblem("it is another document")
                }
                try read(&scanner)
            }
        } catch let problem as XMLProblem {
            throw ObjectStoreError(.badAnswer, "an ACL that cannot be read: \(problem)")
        }
    }

    private mutating func read(_ scanner: inout XMLScanner) throws {
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Owner":
                try scanner.forEachChild { scanner, name in
                    if case "ID" = name { owner = try scanner.string() }
                }
            case "AccessControlList":
                try scanner.forEachChild { scanner, name in
                    if case "Grant" = name { grants.append(try Self.grant(&scanner)) }
                }
            default: break
            }
        }
    }

    private static func grant(_ scanner: inout XMLScanner) throws -> Grant {
        var grant = Grant(permission: "")
        try scanner.forEachChild { scanner, name in
            switch name {
            case "Permission": grant.permission = try scanner.string()
            case "Grantee":
                try scanner.forEachChild { scanner, name in
                    switch name {
                    case "ID": grant.id = try scanner.string()
                    case "URI": grant.uri = try scanner.string()
                    case "EmailAddress": grant.email = try scanner.string()
                    default: break
                    }
                }
            default: break
            }
        }
        return grant
    }

    /// The same rights for an object of another owner: what was the old owner's is the new one's.
    package func owned(by newOwner: String) -> ObjectACL {
        var acl = self
        acl.owner = newOwner
        for index in acl.grants.indices where acl.grants[index].id == owner { acl.grants[index].id = newOwner }
        return acl
    }

    /// The document that PutObjectAcl takes.
    package var document: [UInt8] {
        let xsi: StaticString = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type="
        let content = XMLWriter.document("AccessControlPolicy") { writer in
            writer.element("Owner") { $0.element("ID", owner) }
            writer.element("AccessControlList") { writer in
                for grant in grants {
                    writer.element("Grant") { writer in
                        if let id = grant.id {
                            writer.element("Grantee", xsi, "\"CanonicalUser\"") { $0.element("ID", id) }
                        } else if let uri = grant.uri {
                            writer.element("Grantee", xsi, "\"Group\"") { $0.element("URI", uri) }
                        } else {
                            writer.element("Grantee", xsi, "\"AmazonCustomerByEmail\"") {
                                $0.element("EmailAddress", grant.email ?? "")
                            }
                        }
                        writer.element("Permission", grant.permission)
                    }
                }
            }
        }
        return Array(content.readableBytesView)
    }
}
