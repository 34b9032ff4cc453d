// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import ObjectStorage

/// Pairs of keys are taken whole from one place: half from here and half from there would be nobody's.
extension SettingPlaces {
    /// The pair that two flags give.
    func flagKeys(
        _ accessKey: String?, _ accessName: String, secretFile: String?, _ fileName: String
    ) throws -> Setting<S3Credentials>? {
        switch (accessKey, secretFile) {
        case (nil, nil): return nil
        case (let accessKey?, let secretFile?):
            let secret = try surroundings.secret(in: Setting(secretFile, from: fileName))
            return Setting(S3Credentials(accessKey: accessKey, secretKey: secret), from: accessName)
        default:
            throw HoldfastError(
                .invalidConfiguration, "\(accessName) and \(fileName) belong together and one is missing.",
                hint: "Give both, or neither to use the keys of the configuration or the environment.")
        }
    }

    /// The pair that a section of `holdfast.yaml` gives.
    func keys(of server: ConfigurationFile.Server) throws -> Setting<S3Credentials>? {
        guard let accessKey = server.accessKey else { return nil }
        let secret: Secret
        if let written = server.secretKey {
            secret = written.value
        } else if let file = server.secretKeyFile {
            secret = try surroundings.secret(in: file, below: base)
        } else {
            return nil
        }
        return Setting(S3Credentials(accessKey: accessKey.value, secretKey: secret), from: accessKey.origin)
    }

    /// The pair that two variables give.
    func environmentKeys(_ access: String, _ secret: String, token: String? = nil) throws -> Setting<S3Credentials>? {
        switch (surroundings[access], surroundings[secret]) {
        case (nil, nil): return nil
        case (let accessKey?, let secretKey?):
            return Setting(
                S3Credentials(
                    accessKey: accessKey, secretKey: Secret(secretKey),
                    sessionToken: token.flatMap { surroundings[$0] }.map(Secret.init)), from: access)
        case (let accessKey, _):
            let (there, missing) = accessKey == nil ? (secret, access) : (access, secret)
            throw HoldfastError(
                .invalidConfiguration, "\(there) is set and \(missing) is not.", hint: "Set both, or neither.")
        }
    }

    /// How buckets are addressed: the flag, else the file.
    func addressing(_ flag: AddressingChoice?, _ setting: Setting<String>?) throws -> S3Endpoint.Addressing {
        if let flag { return flag.addressing }
        guard let setting else { return .automatic }
        guard let choice = AddressingChoice(rawValue: setting.value) else {
            throw HoldfastError(.invalidConfiguration, "\(setting.origin): addressing must be path, virtual or auto.")
        }
        return choice.addressing
    }
}
