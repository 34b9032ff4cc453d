// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// What this process and its machine use.
struct MachineMetrics {
    /// A place whose disk is watched, such as a directory of the vault.
    let places: [String]

    func write(to text: inout MetricsText) {
        if let resident = Self.residentBytes() {
            text.add(
                "api_gateway_memory_usage_bytes", .gauge, "Memory of this process, bytes.", [.init(Double(resident))])
        }
        let memory = Self.machineMemory()
        if let available = memory["MemAvailable"] {
            text.add(
                "api_gateway_memory_available_bytes", .gauge, "Memory of the machine that is free for use, bytes.",
                [.init(Double(available))])
        }
        var loads = [Double](repeating: 0, count: 3)
        if getloadavg(&loads, 3) == 3 {
            for (name, load) in zip(["1m", "5m", "15m"], loads) {
                text.add("api_gateway_cpu_load_average_\(name)", .gauge, "Load of the machine.", [.init(load)])
            }
        }
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let seconds = [usage.ru_utime, usage.ru_stime].map { Double($0.tv_sec) + Double($0.tv_usec) / 1e6 }
            text.add(
                "process_cpu_seconds_total", .counter, "Processor time of this process.",
                [.init(seconds.reduce(0, +))])
        }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
            text.add("process_open_fds", .gauge, "Open files of this process.", [.init(Double(open))])
        }
        writeDisks(to: &text)
    }

    private func writeDisks(to text: inout MetricsText) {
        var found: [(place: String, total: Double, available: Double)] = []
        for place in places {
            var disk = statvfs()
            guard statvfs(place, &disk) == 0 else { continue }
            let unit = Double(disk.f_frsize)
            found.append((place, Double(disk.f_blocks) * unit, Double(disk.f_bavail) * unit))
        }
        func samples(_ value: ((place: String, total: Double, available: Double)) -> Double) -> [MetricsText.Sample] {
            found.map { .init(value($0), ("storage_type", "local"), ("location", $0.place)) }
        }
        text.add("api_gateway_disk_total_bytes", .gauge, "Size of the disk.", samples(\.total))
        text.add("api_gateway_disk_available_bytes", .gauge, "What is free on it.", samples(\.available))
        text.add(
            "api_gateway_disk_usage_percent", .gauge, "How full it is.",
            samples { $0.total > 0 ? (1 - $0.available / $0.total) * 100 : 0 })
    }

    /// proc(5): the second number of statm is the resident set in pages.
    private static func residentBytes() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? Int(fields[1]).map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }

    /// proc(5): lines of `Name: 123 kB`.
    private static func machineMemory() -> [String: Int] {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else { return [:] }
        var sizes: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 2, let size = Int(fields[1]) else { continue }
            sizes[String(fields[0].dropLast())] = size * 1024
        }
        return sizes
    }
}
