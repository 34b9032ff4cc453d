// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// What of an object is asked for beside its bytes and headers, each with a request of its own.
struct DetailReading: Sendable {
    /// Whether the server is known to send `x-amz-tagging-count` with every tagged object. If not, every object is asked
    /// for its tags.
    let tagCountIsTold: Bool
    /// Whether every object is asked for its ACL.
    let readsACLs: Bool

    /// Adds tags and ACL.
    ///
    /// - Returns: what kept one of them from being read.
    func complete(_ info: inout ObjectInfo, in store: any ObjectStore) async throws -> ObjectProblem? {
        let tagFlaw = try await readTags(&info, in: store)
        return ObjectProblem.joining(tagFlaw, try await readACL(&info, in: store))
    }

    private func readTags(_ info: inout ObjectInfo, in store: any ObjectStore) async throws -> ObjectProblem? {
        guard info.tagCount.map({ $0 > 0 }) ?? !tagCountIsTold else { return nil }
        do {
            info.attributes.tags = try await store.tags(of: info.key, version: info.version)
            if info.attributes.tags.isEmpty, let count = info.tagCount {
                return ObjectProblem(
                    reason: "metadata", message: "the server counts \(count) tags with it, and tells none")
            }
            return nil
        } catch let error as ObjectStoreError where error.code == .notImplemented && (info.tagCount ?? 0) == 0 {
            return nil
        } catch let error as ObjectStoreError {
            return ObjectProblem(reason: "metadata", message: "its tags cannot be read: \(error.message)")
        }
    }

    private func readACL(_ info: inout ObjectInfo, in store: any ObjectStore) async throws -> ObjectProblem? {
        guard readsACLs else { return nil }
        do {
            let acl = try ObjectACL(document: try await store.acl(of: info.key, version: info.version))
            if !acl.isOwnersAlone { info.acl = acl }
            return nil
        } catch let error as ObjectStoreError where error.code == .notImplemented {
            return nil
        } catch let error as ObjectStoreError {
            return ObjectProblem(reason: "metadata", message: "its ACL cannot be read: \(error.message)")
        }
    }
}
