// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import struct Foundation.Date

/// What travels with an object in headers, in both directions.
enum ObjectHeaders {
    private static let metadataPrefix = "x-amz-meta-"
    private static let redirect = "website-redirect-location"

    /// The headers of PutObject and CreateMultipartUpload that state attributes and retention.
    static func request(_ options: PutOptions) -> [Field] {
        var fields = request(options.attributes)
        if let retention = options.retention {
            fields.append(Field("x-amz-object-lock-mode", retention.mode.rawValue))
            fields.append(Field("x-amz-object-lock-retain-until-date", Timestamp.extended(retention.until)))
        }
        return fields
    }

    /// The headers that state `attributes` in PutObject and CreateMultipartUpload.
    static func request(_ attributes: ObjectAttributes) -> [Field] {
        // The algorithm travels with the key, if there is one.
        var fields = attributes.headers.filter { $0.name != ObjectAttributes.customerAlgorithm }.map { field in
            field.name == redirect ? Field("x-amz-\(redirect)", field.value) : field
        }
        fields += attributes.metadata.map { Field(metadataPrefix + $0.name, $0.value) }
        if !attributes.tags.isEmpty { fields.append(Field("x-amz-tagging", tagging(attributes.tags))) }
        if let storageClass = attributes.storageClass { fields.append(Field("x-amz-storage-class", storageClass)) }
        return fields
    }

    /// Tags as URL query parameters (S3 API, PutObject, `x-amz-tagging`).
    static func tagging(_ tags: [Tag]) -> String {
        tags.map { "\(URIEncoding.encode($0.name))=\(URIEncoding.encode($0.value))" }.joined(separator: "&")
    }

    /// What the headers of GetObject and HeadObject tell.
    static func info(_ answer: S3Answer, key: ObjectKey, size: Int64) throws -> ObjectInfo {
        guard let modified = answer.response.first("last-modified").flatMap({ Timestamp.httpDate($0) }) else {
            throw answer.bad("there is no readable Last-Modified in the answer")
        }
        var info = ObjectInfo(
            key: key, version: answer.version, size: size, etag: try answer.etag(), lastModified: modified,
            attributes: attributes(answer.response.headers))
        info.tagCount = answer.text("x-amz-tagging-count").flatMap { Int($0) }
        info.partCount = answer.text("x-amz-mp-parts-count").flatMap { Int($0) } ?? ETag.partCount(of: info.etag)
        info.isETagOpaque =
            answer.text("x-amz-server-side-encryption")?.hasPrefix("aws:kms") == true
            || answer.response.first("x-amz-server-side-encryption-customer-algorithm") != nil
        if let mode = answer.text("x-amz-object-lock-mode").flatMap({ ObjectRetention.Mode(rawValue: $0) }),
            let until = answer.response.first("x-amz-object-lock-retain-until-date").flatMap({ Timestamp.iso8601($0) })
        {
            info.retention = ObjectRetention(mode: mode, until: until)
        }
        info.hasLegalHold = answer.text("x-amz-object-lock-legal-hold") == "ON"
        info.missingMetadata = answer.text("x-amz-missing-meta").flatMap { Int($0) } ?? 0
        return info
    }

    private static func attributes(_ headers: [Field]) -> ObjectAttributes {
        var attributes = ObjectAttributes()
        for field in headers {
            switch field.name {
            case "content-encoding":
                if let value = withoutChunking(field.value) { join(Field(field.name, value), to: &attributes.headers) }
            case "x-amz-storage-class":
                attributes.storageClass = field.text
            case "x-amz-\(redirect)":
                join(Field(redirect, field.value), to: &attributes.headers)
            case "x-amz-\(ObjectAttributes.customerAlgorithm)":
                attributes.headers.append(Field(ObjectAttributes.customerAlgorithm, field.value))
            case let name where name.hasPrefix(metadataPrefix):
                join(Field(String(name.dropFirst(metadataPrefix.count)), field.value), to: &attributes.metadata)
            case let name where ObjectAttributes.systemHeaders.contains(name) && name != redirect:
                join(field, to: &attributes.headers)
            default:
                break
            }
        }
        return attributes
    }

    /// A header that comes twice is one with a comma (RFC 7230 section 3.2.2).
    private static func join(_ field: Field, to fields: inout [Field]) {
        if let index = fields.firstIndex(where: { $0.name == field.name }) {
            fields[index] = Field(field.name, fields[index].value + [UInt8(ascii: ",")] + field.value)
        } else {
            fields.append(field)
        }
    }

    /// `aws-chunked` describes how an upload travelled, not the object; some servers store it all the same.
    private static func withoutChunking(_ value: [UInt8]) -> [UInt8]? {
        let mark = Array("aws-chunked".utf8)
        guard value.starts(with: mark) else { return value.isEmpty ? nil : value }
        guard value.count > mark.count else { return nil }
        guard value[mark.count] == UInt8(ascii: ",") else { return value }
        let rest = Array(value[(mark.count + 1)...].drop { $0 == UInt8(ascii: " ") })
        return rest.isEmpty ? nil : rest
    }
}
